<?php
/**
 * Takes away what the plugin has stored. The texts themselves stay: they are the site's.
 *
 * @package Ocelli_Alt_Text
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Cleans the present site.
 */
function ocelli_alt_text_uninstall() {
	foreach ( array( 'settings', 'paused', 'run', 'trouble' ) as $option ) {
		delete_option( 'ocelli_alt_text_' . $option );
	}
	foreach ( array( 'state', 'job', 'written' ) as $key ) {
		delete_post_meta_by_key( '_ocelli_alt_text_' . $key );
	}
	wp_clear_scheduled_hook( 'ocelli_alt_text_work' );
	wp_clear_scheduled_hook( 'ocelli_alt_text_tick' );
}

if ( is_multisite() ) {
	$ocelli_alt_text_sites = get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	);
	foreach ( $ocelli_alt_text_sites as $ocelli_alt_text_site ) {
		switch_to_blog( $ocelli_alt_text_site );
		ocelli_alt_text_uninstall();
		restore_current_blog();
	}
} else {
	ocelli_alt_text_uninstall();
}
