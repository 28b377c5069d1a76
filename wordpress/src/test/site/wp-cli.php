<?php
// Stands in for WP-CLI: wp-cli.php SITE HOST COMMAND SUBCOMMAND ARGUMENTS... It has the calls that the plugin makes and no others.
namespace WP_CLI\Utils {
	class Bar {
		public $ticks = 0;
		public function tick() {
			++$this->ticks;
		}
		public function finish() {
			echo "bar: {$this->ticks}\n";
		}
	}
	function make_progress_bar( $message, $count ) {
		echo "$message: $count\n";
		return new Bar();
	}
}

namespace {
	define( 'WP_CLI', true );
	class WP_CLI {
		public static $commands = array();
		public static function add_command( $name, $command ) {
			self::$commands[ $name ] = $command;
		}
		public static function line( $text ) {
			echo "$text\n";
		}
		public static function log( $text ) {
			echo "$text\n";
		}
		public static function success( $text ) {
			echo "Success: $text\n";
		}
		public static function warning( $text ) {
			fwrite( STDERR, "Warning: $text\n" );
		}
		public static function error( $text ) {
			fwrite( STDERR, "Error: $text\n" );
			exit( 1 );
		}
	}
	$_SERVER['HTTP_HOST'] = $argv[2];
	require $argv[1] . '/wp-load.php';
	$plain = array();
	$named = array();
	foreach ( array_slice( $argv, 5 ) as $word ) {
		if ( preg_match( '/^--([a-z-]+)(?:=(.*))?$/', $word, $found ) ) {
			$named[ $found[1] ] = isset( $found[2] ) ? $found[2] : true;
		} else {
			$plain[] = $word;
		}
	}
	WP_CLI::$commands[ $argv[3] ]->{$argv[4]}( $plain, $named );
}
