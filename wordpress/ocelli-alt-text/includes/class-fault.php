<?php
/**
 * What can go wrong between WordPress and the server.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Makes errors that an editor can read. Each one's data says whom it concerns: the server as a whole ('server'), so
 * that all pictures wait, or one picture ('picture'), so that the others go on; 'wait' is how many seconds the
 * server asked for, 'lasting' that waiting alone mends nothing.
 */
final class Fault {

	const SERVER  = 'server';
	const PICTURE = 'picture';

	/** What the server says of a picture that it could not fetch itself. */
	const UNREACHABLE_PICTURE = array( 'image_unreachable', 'image_address_refused' );

	/**
	 * No address is set.
	 */
	public static function no_address(): WP_Error {
		return self::server( 'ocelli_no_address', __( 'The Ocelli server\'s address is not set yet.', 'ocelli-alt-text' ), array( 'lasting' => true ) );
	}

	/**
	 * The call itself failed.
	 *
	 * @param WP_Error $cause   Of WordPress.
	 * @param string   $address Of the server.
	 */
	public static function not_reached( WP_Error $cause, string $address ): WP_Error {
		$why = $cause->get_error_message();
		// A server that is off doesn't even take the call: no picture is to blame for that.
		$connects = ! preg_match( '/(?:connection|resolving) timed out|failed to connect/i', $why );
		if ( $connects && preg_match( '/timed? ?out|error 28\b/i', $why ) ) {
			return self::server(
				'ocelli_slow',
				/* translators: %s: address of the server. */
				sprintf( __( 'The Ocelli server at %s did not answer in time.', 'ocelli-alt-text' ), $address ),
				array( 'counts' => true )
			);
		}
		return self::server(
			'ocelli_unreachable',
			/* translators: 1: address of the server, 2: cause. */
			sprintf( __( 'The Ocelli server at %1$s cannot be reached (%2$s). Is it running?', 'ocelli-alt-text' ), $address, $why )
		);
	}

	/**
	 * The server answered with an error.
	 *
	 * @param array  $response Of WordPress.
	 * @param mixed  $json     The answer's body, decoded.
	 * @param string $address  Of the server.
	 */
	public static function refused( array $response, $json, string $address ): WP_Error {
		$status = (int) wp_remote_retrieve_response_code( $response );
		$error  = is_array( $json ) && isset( $json['error'] ) && is_array( $json['error'] ) ? $json['error'] : array();
		$known  = isset( $error['message'], $error['code'] ) && is_string( $error['message'] ) && is_string( $error['code'] );
		$said   = $known ? sanitize_text_field( $error['message'] ) : '';
		$code   = $known ? $error['code'] : '';
		$wait   = self::seconds( wp_remote_retrieve_header( $response, 'retry-after' ) );
		if ( 429 === $status || 503 === $status ) {
			return self::server( 'ocelli_busy', __( 'The Ocelli server has too much to do now. The queue goes on when it has room.', 'ocelli-alt-text' ), array( 'wait' => $wait ) );
		}
		if ( 504 === $status || 408 === $status ) {
			/* translators: %s: address of the server. */
			return self::server( 'ocelli_slow', sprintf( __( 'The Ocelli server at %s did not answer in time.', 'ocelli-alt-text' ), $address ), array( 'counts' => true ) );
		}
		if ( 401 === $status || 407 === $status ) {
			return self::server(
				'ocelli_token',
				/* translators: %s: address of the server. */
				sprintf( __( 'The Ocelli server at %s refuses the token. Set the one that the server was started with.', 'ocelli-alt-text' ), $address ),
				array( 'lasting' => true )
			);
		}
		if ( ! $known && 502 === $status ) {
			// A proxy says that nobody is behind it.
			return self::not_reached( new WP_Error( 'bad_gateway', 'status 502' ), $address );
		}
		if ( ! $known ) {
			return self::nonsense( $address, $status );
		}
		if ( 'invalid_image' === $code || 0 === strpos( $code, 'image_' ) ) {
			/* translators: %s: what the server said, in English. */
			return self::picture( 'ocelli_picture', sprintf( __( 'The Ocelli server cannot read this picture: %s', 'ocelli-alt-text' ), $said ), array( 'code' => $code ) );
		}
		if ( $status >= 500 ) {
			/* translators: %s: what the server said, in English. */
			return self::server( 'ocelli_failed', sprintf( __( 'The Ocelli server failed: %s', 'ocelli-alt-text' ), $said ), array( 'counts' => true ) );
		}
		/* translators: %s: what the server said, in English. */
		return self::server( 'ocelli_refused', sprintf( __( 'The Ocelli server refuses the request: %s', 'ocelli-alt-text' ), $said ), array( 'lasting' => true ) );
	}

	/**
	 * Something answered that is no Ocelli server.
	 *
	 * @param string $address Of the server.
	 * @param int    $status  Of its answer.
	 */
	public static function nonsense( string $address, int $status = 200 ): WP_Error {
		return self::server(
			'ocelli_nonsense',
			/* translators: 1: address of the server, 2: number such as 404. */
			sprintf( __( 'What answers at %1$s is not an Ocelli server, or a broken one (status %2$d). Check the address.', 'ocelli-alt-text' ), $address, $status ),
			array( 'counts' => true )
		);
	}

	/**
	 * The model found no words.
	 */
	public static function no_words(): WP_Error {
		return self::picture( 'ocelli_empty', __( 'The model found no words for this picture.', 'ocelli-alt-text' ) );
	}

	/**
	 * A picture that can't be sent, or has no place for a text.
	 *
	 * @param string $message What to show.
	 */
	public static function no_picture( string $message ): WP_Error {
		return self::picture( 'ocelli_no_picture', $message );
	}

	/**
	 * Whether all pictures must wait for this to pass.
	 *
	 * @param WP_Error $error Made here.
	 */
	public static function is_of_server( WP_Error $error ): bool {
		return self::SERVER === self::datum( $error, 'concerns' );
	}

	/**
	 * Whether the server could not fetch the picture itself.
	 *
	 * @param WP_Error $error Made here.
	 */
	public static function is_of_address( WP_Error $error ): bool {
		return in_array( self::datum( $error, 'code' ), self::UNREACHABLE_PICTURE, true );
	}

	/**
	 * One of the error's data.
	 *
	 * @param WP_Error $error Made here.
	 * @param string   $name  Of the datum.
	 * @return mixed Null where it has none.
	 */
	public static function datum( WP_Error $error, string $name ) {
		$data = $error->get_error_data();
		return is_array( $data ) && isset( $data[ $name ] ) ? $data[ $name ] : null;
	}

	/**
	 * An error of the server.
	 *
	 * @param string $code    Of the error.
	 * @param string $message What to show.
	 * @param array  $data    More of it.
	 */
	private static function server( string $code, string $message, array $data = array() ): WP_Error {
		$usual = array(
			'status'   => 502,
			'concerns' => self::SERVER,
		);
		return new WP_Error( $code, $message, array_merge( $usual, $data ) );
	}

	/**
	 * An error of a picture.
	 *
	 * @param string $code    Of the error.
	 * @param string $message What to show.
	 * @param array  $data    More of it.
	 */
	private static function picture( string $code, string $message, array $data = array() ): WP_Error {
		$usual = array(
			'status'   => 422,
			'concerns' => self::PICTURE,
		);
		return new WP_Error( $code, $message, array_merge( $usual, $data ) );
	}

	/**
	 * What a Retry-After header asks for, as seconds or a date (RFC 9110, section 10.2.3), at most an hour.
	 *
	 * @param string|array $header Its value.
	 */
	private static function seconds( $header ): int {
		$value   = is_array( $header ) ? (string) reset( $header ) : (string) $header;
		$at      = is_numeric( $value ) ? false : strtotime( $value );
		$seconds = $at ? $at - time() : (int) $value;
		return max( 0, min( HOUR_IN_SECONDS, $seconds ) );
	}
}
