<?php
/**
 * Puts new pictures in line.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * An upload costs two rows in the database; the server is asked later, by another process.
 */
final class Uploads {

	/**
	 * Whether uploads are described.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Where they wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Settings $settings Whether uploads are described.
	 * @param Queue    $queue    Where they wait.
	 */
	public function __construct( Settings $settings, Queue $queue ) {
		$this->settings = $settings;
		$this->queue    = $queue;
	}

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'add_attachment', array( $this, 'uploaded' ) );
	}

	/**
	 * A file was uploaded. Whatever happens here, the upload goes on.
	 *
	 * @param int $image Attachment ID.
	 */
	public function uploaded( $image ): void {
		try {
			$wanted = $this->settings->get( 'on_upload' ) && ! Picture::obstacle( (int) $image );
			/**
			 * Whether a new picture gets texts.
			 *
			 * @param bool $wanted By the settings.
			 * @param int  $image  Attachment ID.
			 */
			if ( apply_filters( 'ocelli_alt_text_wanted', $wanted, (int) $image ) ) {
				$this->queue->add( (int) $image, (bool) $this->settings->get( 'review' ) );
				Schedule::work_in( 0 );
			}
		} catch ( \Throwable $error ) {
			error_log( 'Ocelli Alt Text: ' . $error->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
	}
}
