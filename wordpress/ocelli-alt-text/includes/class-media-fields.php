<?php
/**
 * The button in the media modal and on a picture's own page.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Post;

defined( 'ABSPATH' ) || exit;

/**
 * Adds a row to the fields that WordPress shows of a picture.
 */
final class Media_Fields {

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
		add_filter( 'attachment_fields_to_edit', array( $this, 'field' ), 10, 2 );
		add_action( 'wp_enqueue_media', array( $this, 'scripts' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'on_page' ) );
	}

	/**
	 * Puts the script where media are chosen.
	 */
	public function scripts(): void {
		Scripts::add( 'media', array( 'wp-a11y', 'wp-api-fetch', 'wp-i18n' ) );
	}

	/**
	 * Puts the script on a picture's own page and the media library.
	 *
	 * @param string $page Of the administration.
	 */
	public function on_page( $page ): void {
		if ( 'upload.php' === $page || ( 'post.php' === $page && 'attachment' === get_post_type() ) ) {
			$this->scripts();
		}
	}

	/**
	 * Adds the row.
	 *
	 * @param array   $fields Of WordPress.
	 * @param WP_Post $post   The attachment.
	 * @return array
	 */
	public function field( $fields, $post ) {
		if ( Picture::obstacle( $post->ID ) || ! current_user_can( 'edit_post', $post->ID ) || ! current_user_can( 'upload_files' ) ) {
			return $fields;
		}
		$fields['ocelli'] = array(
			'label' => __( 'Ocelli', 'ocelli-alt-text' ),
			'input' => 'html',
			'html'  => Media_Button::html( $post->ID, $this->queue ),
		);
		return $fields;
	}
}
