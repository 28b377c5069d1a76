<?php
/**
 * What other code may call.
 *
 * @package Ocelli_Alt_Text
 */

use function Ocelli\AltText\plugin;

defined( 'ABSPATH' ) || exit;

if ( ! function_exists( 'ocelli_process_vlm_image' ) ) {
	/**
	 * Asks the model about a picture of the media library. Saves nothing.
	 *
	 * @param int    $image_id Attachment ID.
	 * @param string $prompt   What to ask; empty for the prompt in the settings.
	 * @return string The answer, or 'Vision processing failed.' The cause is in PHP's error log, and goes to the
	 *                filter ocelli_process_vlm_failed, which may answer something else.
	 */
	function ocelli_process_vlm_image( $image_id, $prompt = '' ) {
		$text = plugin()->describer()->describe( (int) $image_id, (string) $prompt );
		if ( ! is_wp_error( $text ) ) {
			return $text;
		}
		/**
		 * What the function answers where the call fails.
		 *
		 * @param string   $sentence Not translated: callers compare with it.
		 * @param WP_Error $text     The cause.
		 * @param int      $image_id Attachment ID.
		 */
		return apply_filters( 'ocelli_process_vlm_failed', 'Vision processing failed.', $text, (int) $image_id );
	}
}
