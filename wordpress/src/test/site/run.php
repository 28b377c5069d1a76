<?php
// Runs PHP from standard input inside the site: run.php SITE HOST. What it returns is printed as JSON.
$_SERVER['HTTP_HOST'] = $argv[2];
define( 'WP_ADMIN', true );
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
$said = eval( stream_get_contents( STDIN ) );
echo "\n", json_encode( $said );
