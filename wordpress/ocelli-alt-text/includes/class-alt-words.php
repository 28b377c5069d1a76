<?php
/**
 * Good manners of alternative texts.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Makes an alternative text of a description.
 */
final class Alt_Words {

	/** Screen readers say "image" themselves. */
	const OPENING = '/^(?:this is |here is )?(?:an? |the )?(?:close-?up )?(?:photo|photograph|picture|image)(?: of| showing| shows)\s+(?=\S)/iu';

	/**
	 * Without its opening words, and not longer than it may be.
	 *
	 * @param string $text    What the model said.
	 * @param int    $longest Characters.
	 */
	public static function of( string $text, int $longest ): string {
		$bare  = (string) preg_replace( '/^"([^"]*)"$/u', '$1', trim( $text ) );
		$short = (string) preg_replace( self::OPENING, '', trim( $bare ) );
		// WordPress stands in for mb_substr and mb_strlen where PHP lacks them, but not for this.
		$first = mb_substr( $short, 0, 1 );
		$short = ( function_exists( 'mb_strtoupper' ) ? mb_strtoupper( $first ) : strtoupper( $first ) ) . mb_substr( $short, 1 );
		return mb_strlen( $short ) <= $longest ? $short : self::cut( $short, $longest );
	}

	/**
	 * Ends after a sentence where one ends in the second half, or else after a word.
	 *
	 * @param string $text    Too long.
	 * @param int    $longest Characters.
	 */
	private static function cut( string $text, int $longest ): string {
		$head = mb_substr( $text, 0, $longest );
		if ( preg_match( '/^.*[.!?](?=\s)/us', $head . mb_substr( $text, $longest, 1 ), $found ) && mb_strlen( $found[0] ) >= $longest / 2 ) {
			return $found[0];
		}
		$words = (string) preg_replace( '/[\s,;:]+\S*$/u', '', mb_substr( $text, 0, $longest - 1 ) );
		return ( '' === $words ? mb_substr( $text, 0, $longest - 1 ) : $words ) . '…';
	}
}
