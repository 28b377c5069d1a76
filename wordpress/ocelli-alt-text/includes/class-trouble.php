<?php
/**
 * What keeps the server from answering.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * While the server is in trouble the queue cools down: as long as the server asked for, or longer each time.
 */
final class Trouble {

	const OPTION = 'ocelli_alt_text_trouble';

	/** Seconds of the first pause and of the longest. */
	const SHORTEST = 15;
	const LONGEST  = 1800;

	/**
	 * The server failed.
	 *
	 * @param WP_Error $error Of Fault.
	 * @return int Seconds until it is asked again.
	 */
	public function note( WP_Error $error ): int {
		$known = $this->known();
		$times = $known ? $known['times'] + 1 : 1;
		$wait  = (int) Fault::datum( $error, 'wait' );
		if ( ! $wait ) {
			$wait = min( self::LONGEST, self::SHORTEST * ( 1 << min( 10, $times - 1 ) ) );
		}
		if ( Fault::datum( $error, 'lasting' ) ) {
			$wait = self::LONGEST;
		}
		$trouble = array(
			'code'    => $error->get_error_code(),
			'message' => $error->get_error_message(),
			'at'      => time(),
			'until'   => time() + $wait,
			'times'   => $times,
		);
		update_option( self::OPTION, $trouble, false );
		return $wait;
	}

	/**
	 * The server answers.
	 */
	public function over(): void {
		if ( $this->known() ) {
			delete_option( self::OPTION );
		}
	}

	/**
	 * The server may be asked now, though it was in trouble: somebody has mended something.
	 */
	public function forgive(): void {
		$known = $this->known();
		if ( $known ) {
			$known['until'] = 0;
			$known['times'] = 0;
			update_option( self::OPTION, $known, false );
		}
	}

	/**
	 * What is known of it.
	 *
	 * @return array|null code, message, at, until, times.
	 */
	public function known(): ?array {
		$known = get_option( self::OPTION );
		return is_array( $known ) && isset( $known['message'] ) ? $known : null;
	}

	/**
	 * Seconds until the server is asked again.
	 */
	public function seconds(): int {
		$known = $this->known();
		return $known ? max( 0, $known['until'] - time() ) : 0;
	}
}
