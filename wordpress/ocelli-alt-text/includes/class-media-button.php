<?php
/**
 * The button that has a picture described.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * The same button for the modal, a picture's own page and the library's column; media.js does what it says.
 */
final class Media_Button {

	/**
	 * The button, with what is known of the picture's turn.
	 *
	 * @param int   $image Attachment ID.
	 * @param Queue $queue Pictures that wait.
	 * @return string HTML.
	 */
	public static function html( int $image, Queue $queue ): string {
		$state = $queue->state( $image );
		$html  = sprintf(
			'<div class="ocelli-button" data-ocelli-image="%d"><button type="button" class="button button-small" data-ocelli-describe>%s</button> ',
			$image,
			esc_html__( 'Describe picture', 'ocelli-alt-text' )
		);
		$html .= sprintf(
			'<button type="button" class="button-link" data-ocelli-decorative="%d">%s</button>',
			Queue::DECORATIVE === $state ? 0 : 1,
			Queue::DECORATIVE === $state ? esc_html__( 'Not decorative', 'ocelli-alt-text' ) : esc_html__( 'Decorative', 'ocelli-alt-text' )
		);
		return $html . '<div class="ocelli-said" role="status">' . self::state( $image, $state, $queue ) . '</div></div>';
	}

	/**
	 * A picture's state, in words.
	 *
	 * @param int    $image Attachment ID.
	 * @param string $state Of the queue.
	 * @param Queue  $queue Pictures that wait.
	 * @return string HTML.
	 */
	private static function state( int $image, string $state, Queue $queue ): string {
		switch ( $state ) {
			case Queue::WAITING:
			case 'working':
				return '<span data-ocelli-waits>' . esc_html__( 'Waits for its text.', 'ocelli-alt-text' ) . '</span>';
			case Queue::REVIEW:
				$link = admin_url( 'upload.php?page=' . Queue_Page::SLUG );
				return sprintf( '<a href="%s">%s</a>', esc_url( $link ), esc_html__( 'Has a text to review.', 'ocelli-alt-text' ) );
			case Queue::FAILED:
				$job = $queue->job( $image );
				return '<span class="ocelli-failed">' . esc_html( isset( $job['error'] ) ? $job['error'] : '' ) . '</span>';
			case Queue::DECORATIVE:
				return esc_html__( 'Decorative: needs no text.', 'ocelli-alt-text' );
			default:
				return '';
		}
	}
}
