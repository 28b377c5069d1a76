<?php
/**
 * The button in the block editor.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Adds a panel to the image block's settings.
 */
final class Block_Editor {

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'enqueue_block_editor_assets', array( $this, 'scripts' ) );
	}

	/**
	 * Puts the script into the editor.
	 */
	public function scripts(): void {
		if ( current_user_can( 'upload_files' ) ) {
			Scripts::add( 'block', array( 'wp-a11y', 'wp-api-fetch', 'wp-block-editor', 'wp-components', 'wp-compose', 'wp-element', 'wp-hooks', 'wp-i18n' ) );
		}
	}
}
