<?php
// Installs WordPress with the plugin and three people: install.php SITE URL.
define( 'WP_INSTALLING', true );
$_SERVER['HTTP_HOST'] = parse_url( $argv[2], PHP_URL_HOST ) . ':' . parse_url( $argv[2], PHP_URL_PORT );
function wp_new_blog_notification() {} // There is no mail here.
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'Oak & Elm', 'admin', 'admin@example.org', true, '', 'admin-password' );
update_option( 'siteurl', $argv[2] );
update_option( 'home', $argv[2] );
update_option( 'show_avatars', 0 );
foreach ( array( 'editor', 'author', 'subscriber' ) as $role ) {
	wp_insert_user( array( 'user_login' => $role, 'user_pass' => $role . '-password', 'user_email' => $role . '@example.org', 'role' => $role ) );
}
echo 'installed';
