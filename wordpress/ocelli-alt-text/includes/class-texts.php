<?php
/**
 * The texts of pictures.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Reads and writes alternative text, caption and description. What a human wrote is replaced only where ALL is asked
 * for; which texts are the plugin's own is known from a copy of what it wrote.
 */
final class Texts {

	const ALT     = '_wp_attachment_image_alt';
	const WRITTEN = '_ocelli_alt_text_written';

	/** Replaces nothing. */
	const NONE = 'none';

	/** Replaces what the plugin wrote itself and nobody has changed. */
	const OWN = 'own';

	/** Replaces whatever stands there. */
	const ALL = 'all';

	/**
	 * Which texts are written.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is read yet.
	 *
	 * @param Settings $settings Which texts are written.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * The texts as they are in the database now: another process may just have written them.
	 *
	 * @param int $image Attachment ID.
	 * @return string[] By field.
	 */
	public function now( int $image ): array {
		clean_post_cache( $image );
		wp_cache_delete( $image, 'post_meta' );
		$post = get_post( $image );
		return array(
			'alt'         => (string) get_post_meta( $image, self::ALT, true ),
			'caption'     => $post ? $post->post_excerpt : '',
			'description' => $post ? $post->post_content : '',
		);
	}

	/**
	 * Which of the chosen fields may be written.
	 *
	 * @param int    $image   Attachment ID.
	 * @param string $replace NONE, OWN or ALL.
	 * @return string[] Fields.
	 */
	public function open( int $image, string $replace ): array {
		$now     = $this->now( $image );
		$written = $this->written( $image );
		$open    = array();
		foreach ( $this->settings->fields() as $field ) {
			$own = isset( $written[ $field ] ) && $written[ $field ] === $now[ $field ];
			if ( '' === trim( $now[ $field ] ) || self::ALL === $replace || ( self::OWN === $replace && $own ) ) {
				$open[] = $field;
			}
		}
		return $open;
	}

	/**
	 * What to write for a description.
	 *
	 * @param int    $image Attachment ID.
	 * @param string $text  What the model said.
	 * @return string[] By chosen field.
	 */
	public function proposal( int $image, string $text ): array {
		$texts = array();
		foreach ( $this->settings->fields() as $field ) {
			$texts[ $field ] = 'alt' === $field ? Alt_Words::of( $text, (int) $this->settings->get( 'longest' ) ) : $text;
		}
		/**
		 * What is written for a picture.
		 *
		 * @param string[] $texts By field: alt, caption, description.
		 * @param int      $image Attachment ID.
		 * @param string   $text  What the model said.
		 */
		return array_intersect_key( (array) apply_filters( 'ocelli_alt_text_texts', $texts, $image, $text ), $texts );
	}

	/**
	 * Writes texts where they may be written.
	 *
	 * @param int      $image   Attachment ID.
	 * @param string[] $texts   By field.
	 * @param string   $replace NONE, OWN or ALL.
	 * @param string[] $said    By field what the model said: a text that a human changed is not the plugin's own.
	 * @return string[] What was written, by field.
	 */
	public function save( int $image, array $texts, string $replace, array $said ): array {
		$saved = array();
		$post  = array();
		foreach ( array_intersect( $this->open( $image, $replace ), array_keys( $texts ) ) as $field ) {
			$text = trim( (string) $texts[ $field ] );
			if ( '' === $text ) {
				continue;
			}
			$saved[ $field ] = $text;
			if ( 'alt' === $field ) {
				update_post_meta( $image, self::ALT, wp_slash( $text ) );
			} else {
				$post[ 'caption' === $field ? 'post_excerpt' : 'post_content' ] = wp_slash( $text );
			}
		}
		if ( $post ) {
			$this->update( $image, $post );
		}
		if ( $saved ) {
			$this->remember( $image, $saved, $said );
			/**
			 * Texts of a picture were written.
			 *
			 * @param int      $image Attachment ID.
			 * @param string[] $saved By field.
			 */
			do_action( 'ocelli_alt_text_saved', $image, $saved );
		}
		return $saved;
	}

	/**
	 * Writes caption and description. WordPress writes both anew, and would filter the one that isn't meant, too: what an
	 * administrator was allowed to put there.
	 *
	 * @param int      $image Attachment ID.
	 * @param string[] $post  By column, slashed.
	 */
	private function update( int $image, array $post ): void {
		$filters = (bool) has_filter( 'content_save_pre', 'wp_filter_post_kses' );
		if ( $filters ) {
			$post = array_map( 'wp_filter_post_kses', $post );
			kses_remove_filters();
		}
		wp_update_post( array_merge( array( 'ID' => $image ), $post ) );
		if ( $filters ) {
			kses_init_filters();
		}
	}

	/**
	 * Keeps a copy of what is the plugin's own, as the database gives it back.
	 *
	 * @param int      $image Attachment ID.
	 * @param string[] $saved By field.
	 * @param string[] $said  By field.
	 */
	private function remember( int $image, array $saved, array $said ): void {
		$written = $this->written( $image );
		$now     = $this->now( $image );
		foreach ( $saved as $field => $text ) {
			unset( $written[ $field ] );
			if ( isset( $said[ $field ] ) && trim( $said[ $field ] ) === $text ) {
				$written[ $field ] = $now[ $field ];
			}
		}
		if ( $written ) {
			update_post_meta( $image, self::WRITTEN, wp_slash( $written ) );
		} else {
			delete_post_meta( $image, self::WRITTEN );
		}
	}

	/**
	 * What the plugin wrote.
	 *
	 * @param int $image Attachment ID.
	 * @return string[] By field.
	 */
	private function written( int $image ): array {
		$written = get_post_meta( $image, self::WRITTEN, true );
		return is_array( $written ) ? $written : array();
	}
}
