<?php
/**
 * The media library's column.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Shows each picture's alternative text in the library's list, and puts many in line by a bulk action.
 */
final class Media_Column {

	const ACTION = 'ocelli_alt_text_queue';

	/**
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Queue $queue Pictures that wait.
	 */
	public function __construct( Queue $queue ) {
		$this->queue = $queue;
	}

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_filter( 'manage_media_columns', array( $this, 'columns' ) );
		add_action( 'manage_media_custom_column', array( $this, 'cell' ), 10, 2 );
		add_filter( 'bulk_actions-upload', array( $this, 'actions' ) );
		add_filter( 'handle_bulk_actions-upload', array( $this, 'queue_all' ), 10, 3 );
	}

	/**
	 * Adds the column after the file's.
	 *
	 * @param array $columns Of WordPress.
	 * @return array
	 */
	public function columns( $columns ) {
		$at = array_search( 'title', array_keys( $columns ), true );
		$at = false === $at ? count( $columns ) : $at + 1;
		return array_slice( $columns, 0, $at ) + array( 'ocelli' => __( 'Alternative text', 'ocelli-alt-text' ) ) + array_slice( $columns, $at );
	}

	/**
	 * Shows a picture's text.
	 *
	 * @param string $column Of the list.
	 * @param int    $image  Attachment ID.
	 */
	public function cell( $column, $image ): void {
		if ( 'ocelli' !== $column ) {
			return;
		}
		if ( Picture::obstacle( (int) $image ) ) {
			echo '—';
			return;
		}
		$text = (string) get_post_meta( $image, Texts::ALT, true );
		printf( '<p class="ocelli-alt%s">%s</p>', '' === $text ? ' ocelli-none' : '', '' === $text ? esc_html__( 'None', 'ocelli-alt-text' ) : esc_html( $text ) );
		if ( current_user_can( 'edit_post', $image ) ) {
			echo Media_Button::html( (int) $image, $this->queue ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- It escapes.
		}
	}

	/**
	 * Adds the bulk action.
	 *
	 * @param array $actions Of WordPress.
	 * @return array
	 */
	public function actions( $actions ) {
		if ( current_user_can( Rest_Queue::capability() ) ) {
			$actions[ self::ACTION ] = __( 'Describe pictures (Ocelli)', 'ocelli-alt-text' );
		}
		return $actions;
	}

	/**
	 * Puts the chosen pictures in line. WordPress has checked the nonce.
	 *
	 * @param string $back   Where the browser goes next.
	 * @param string $action Chosen.
	 * @param int[]  $images Attachment IDs.
	 * @return string
	 */
	public function queue_all( $back, $action, $images ) {
		if ( self::ACTION !== $action || ! current_user_can( Rest_Queue::capability() ) ) {
			return $back;
		}
		foreach ( array_map( 'intval', $images ) as $image ) {
			if ( ! Picture::obstacle( $image ) && current_user_can( 'edit_post', $image ) ) {
				$this->queue->add( $image, true );
			}
		}
		Schedule::work_in( 0 );
		return admin_url( 'upload.php?page=' . Queue_Page::SLUG );
	}
}
