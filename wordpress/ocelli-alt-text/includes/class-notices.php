<?php
/**
 * Notices for editors.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Says where pictures are seen that texts wait, and why.
 */
final class Notices {

	const SCREENS = array( 'dashboard', 'upload', 'media', 'attachment', 'edit-post', 'edit-page', 'media_page_' . Queue_Page::SLUG, 'settings_page_' . Settings_Page::SLUG );

	/**
	 * What keeps the server from answering.
	 *
	 * @var Trouble
	 */
	private $trouble;

	/**
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Trouble $trouble What keeps the server from answering.
	 * @param Queue   $queue   Pictures that wait.
	 */
	public function __construct( Trouble $trouble, Queue $queue ) {
		$this->trouble = $trouble;
		$this->queue   = $queue;
	}

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'admin_notices', array( $this, 'show' ) );
	}

	/**
	 * Shows the notice, where there is one.
	 */
	public function show(): void {
		$screen  = get_current_screen();
		$trouble = $this->trouble->known();
		if ( ! $trouble || ! $screen || ! in_array( $screen->id, self::SCREENS, true ) || ! current_user_can( 'upload_files' ) ) {
			return;
		}
		$counts = $this->queue->counts();
		$waits  = $counts[ Queue::WAITING ] + $counts['working'];
		if ( ! $waits ) {
			return;
		}
		$links = array();
		if ( current_user_can( Rest_Queue::capability() ) ) {
			$links[] = sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'upload.php?page=' . Queue_Page::SLUG ) ), esc_html__( 'See the queue', 'ocelli-alt-text' ) );
		}
		if ( current_user_can( 'manage_options' ) ) {
			$links[] = sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'options-general.php?page=' . Settings_Page::SLUG ) ), esc_html__( 'Check the settings', 'ocelli-alt-text' ) );
		}
		printf(
			'<div class="notice notice-warning ocelli-notice"><p><strong>%s</strong> %s %s</p><p>%s</p></div>',
			esc_html__( 'Alternative texts wait.', 'ocelli-alt-text' ),
			esc_html( $trouble['message'] ),
			esc_html(
				sprintf(
					/* translators: %s: number of pictures. */
					_n( '%s picture waits; nothing is lost.', '%s pictures wait; nothing is lost.', $waits, 'ocelli-alt-text' ),
					number_format_i18n( $waits )
				)
			),
			wp_kses_post( implode( ' | ', $links ) )
		);
	}
}
