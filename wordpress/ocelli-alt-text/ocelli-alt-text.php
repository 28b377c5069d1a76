<?php
/**
 * Plugin Name:       Ocelli Alt Text
 * Description:       Describes the pictures of your media library by a model on your own machine, through ocelli serve.
 * Version:           0.1.0
 * Requires at least: 6.0
 * Requires PHP:      7.4
 * Author:            The Ocelli project
 * License:           Apache-2.0
 * License URI:       https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain:       ocelli-alt-text
 * Domain Path:       /languages
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';
const FILE    = __FILE__;

spl_autoload_register(
	static function ( string $name ): void {
		if ( 0 === strpos( $name, __NAMESPACE__ . '\\' ) ) {
			$base = strtolower( str_replace( '_', '-', substr( $name, strlen( __NAMESPACE__ ) + 1 ) ) );
			$file = __DIR__ . '/includes/class-' . $base . '.php';
			if ( is_readable( $file ) ) {
				require_once $file;
			}
		}
	}
);

/**
 * The plugin's parts, built once a request.
 */
function plugin(): Plugin {
	static $plugin = null;
	if ( null === $plugin ) {
		$plugin = new Plugin();
	}
	return $plugin;
}

require_once __DIR__ . '/includes/functions.php';

register_activation_hook( __FILE__, array( Schedule::class, 'begin' ) );
register_deactivation_hook( __FILE__, array( Schedule::class, 'end' ) );

plugin()->register();
