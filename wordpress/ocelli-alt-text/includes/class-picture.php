<?php
/**
 * What of a picture is sent.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * The part of a request that holds a picture: its bytes, or its address.
 */
final class Picture {

	/** Bytes of the largest file that is sent; the server takes 16 MB. */
	const LARGEST = 15728640;

	/** The model sees a few hundred pixels a side, so the original is seldom worth sending. */
	const SIZES = array( 'large', 'medium_large' );

	/**
	 * How pictures are sent.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is read yet.
	 *
	 * @param Settings $settings How pictures are sent.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * Kinds of files that the server reads.
	 *
	 * @return string[] MIME types.
	 */
	public static function types(): array {
		/**
		 * Kinds of files that get texts.
		 *
		 * @param string[] $types MIME types.
		 */
		return (array) apply_filters( 'ocelli_alt_text_mime_types', array( 'image/jpeg', 'image/png', 'image/gif', 'image/bmp', 'image/webp' ) );
	}

	/**
	 * Why a picture can't be described, or null.
	 *
	 * @param int $image Attachment ID.
	 */
	public static function obstacle( int $image ): ?WP_Error {
		if ( 'attachment' !== get_post_type( $image ) ) {
			return Fault::no_picture( __( 'There is no such picture in the media library.', 'ocelli-alt-text' ) );
		}
		if ( ! in_array( get_post_mime_type( $image ), self::types(), true ) ) {
			return Fault::no_picture( __( 'The Ocelli server reads JPEG, PNG, GIF, BMP and WebP pictures only.', 'ocelli-alt-text' ) );
		}
		return null;
	}

	/**
	 * The part of the request, by the preferred way or else by the other one.
	 *
	 * @param int $image Attachment ID.
	 * @return array|WP_Error With image or image_url.
	 */
	public function part( int $image ) {
		$bytes   = $this->bytes( $image );
		$address = $this->address( $image );
		$parts   = 'address' === $this->settings->get( 'send' ) ? array( $address, $bytes ) : array( $bytes, $address );
		$parts   = array_values( array_filter( $parts ) );
		if ( ! $parts ) {
			return Fault::no_picture( __( 'The picture\'s file is missing or too large to be sent.', 'ocelli-alt-text' ) );
		}
		return $parts[0];
	}

	/**
	 * With the picture's bytes.
	 *
	 * @param int $image Attachment ID.
	 * @return array Empty where its file is not here or too large.
	 */
	public function bytes( int $image ): array {
		foreach ( $this->files( $image ) as $file ) {
			if ( is_file( $file ) && is_readable( $file ) && filesize( $file ) > 0 && filesize( $file ) <= self::LARGEST ) {
				wp_raise_memory_limit( 'image' );
				// A file of this machine, and the encoding that the server's API asks for.
				// phpcs:ignore WordPress.WP.AlternativeFunctions.file_get_contents_file_get_contents, WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode
				return array( 'image' => base64_encode( (string) file_get_contents( $file ) ) );
			}
		}
		return array();
	}

	/**
	 * With the picture's address.
	 *
	 * @param int $image Attachment ID.
	 * @return array Empty where it has none.
	 */
	private function address( int $image ): array {
		$url = wp_get_attachment_url( $image );
		return $url ? array( 'image_url' => $url ) : array();
	}

	/**
	 * Files of the picture, the best one to send first.
	 *
	 * @param int $image Attachment ID.
	 * @return string[] Paths.
	 */
	private function files( int $image ): array {
		/**
		 * Which of the picture's sizes is sent; the original where it has none of them.
		 *
		 * @param string[] $sizes Names of sizes, the best one first.
		 * @param int      $image Attachment ID.
		 */
		$sizes = (array) apply_filters( 'ocelli_alt_text_sizes', self::SIZES, $image );
		$base  = wp_get_upload_dir()['basedir'];
		$files = array();
		foreach ( $sizes as $size ) {
			$found = image_get_intermediate_size( $image, $size );
			if ( ! empty( $found['path'] ) ) {
				$files[] = path_join( $base, $found['path'] );
			}
		}
		$files[] = (string) get_attached_file( $image );
		return $files;
	}
}
