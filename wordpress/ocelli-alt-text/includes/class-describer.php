<?php
/**
 * From a picture to its description.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Asks the model about a picture. Saves nothing.
 */
final class Describer {

	/** Characters of the longest answer that is kept. */
	const LONGEST = 4000;

	/**
	 * Talks to the server.
	 *
	 * @var Client
	 */
	private $client;

	/**
	 * What of a picture is sent.
	 *
	 * @var Picture
	 */
	private $picture;

	/**
	 * What the model is asked.
	 *
	 * @var Prompt
	 */
	private $prompt;

	/**
	 * Nothing is sent yet.
	 *
	 * @param Client  $client  Talks to the server.
	 * @param Picture $picture What of a picture is sent.
	 * @param Prompt  $prompt  What the model is asked.
	 */
	public function __construct( Client $client, Picture $picture, Prompt $prompt ) {
		$this->client  = $client;
		$this->picture = $picture;
		$this->prompt  = $prompt;
	}

	/**
	 * The model's words for a picture, as plain text. What went wrong is logged, too.
	 *
	 * @param int    $image  Attachment ID.
	 * @param string $prompt What to ask; '' for the prompt in the settings.
	 * @return string|WP_Error
	 */
	public function describe( int $image, string $prompt = '' ) {
		$text = $this->ask( $image, $prompt );
		if ( is_wp_error( $text ) ) {
			/**
			 * A picture could not be described.
			 *
			 * @param int      $image Attachment ID.
			 * @param WP_Error $text  The cause.
			 */
			do_action( 'ocelli_alt_text_failed', $image, $text );
			// For the site's owner: a failure in the background shows nowhere else in full.
			error_log( sprintf( 'Ocelli Alt Text: picture %d: %s (%s)', $image, $text->get_error_message(), $text->get_error_code() ) ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
		return $text;
	}

	/**
	 * Asks once, or a second time with the bytes where the server can't fetch the picture itself.
	 *
	 * @param int    $image  Attachment ID.
	 * @param string $prompt What to ask.
	 * @return string|WP_Error
	 */
	private function ask( int $image, string $prompt ) {
		$obstacle = Picture::obstacle( $image );
		if ( $obstacle ) {
			return $obstacle;
		}
		$part = $this->picture->part( $image );
		if ( is_wp_error( $part ) ) {
			return $part;
		}
		$question = '' === trim( $prompt ) ? $this->prompt->of( $image ) : $prompt;
		$answer   = $this->client->vision( $this->request( $part, $question, $image ) );
		if ( isset( $part['image_url'] ) && is_wp_error( $answer ) && Fault::is_of_address( $answer ) ) {
			$bytes = $this->picture->bytes( $image );
			if ( $bytes ) {
				$answer = $this->client->vision( $this->request( $bytes, $question, $image ) );
			}
		}
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$plain = self::plain( $answer['text'] );
		/**
		 * What the model said of a picture.
		 *
		 * @param string $plain  As plain text.
		 * @param int    $image  Attachment ID.
		 * @param array  $answer All of the server's answer.
		 */
		$text = trim( (string) apply_filters( 'ocelli_alt_text_answer', $plain, $image, $answer ) );
		return '' === $text ? Fault::no_words() : $text;
	}

	/**
	 * The fields of a request.
	 *
	 * @param array  $part     With the picture.
	 * @param string $question What to ask.
	 * @param int    $image    Attachment ID.
	 */
	private function request( array $part, string $question, int $image ): array {
		$fields = $part;
		if ( '' !== $question ) {
			$fields['prompt'] = $question;
		}
		/**
		 * The fields of POST /v1/vision, such as max_tokens or temperature.
		 *
		 * @param array $fields As they are sent.
		 * @param int   $image  Attachment ID.
		 */
		return (array) apply_filters( 'ocelli_alt_text_request', $fields, $image );
	}

	/**
	 * Without markup, control characters and double spaces: whatever a server says, this may stand in a page.
	 *
	 * @param string $said By the server.
	 */
	private static function plain( string $said ): string {
		$text = wp_strip_all_tags( wp_check_invalid_utf8( $said, true ) );
		$text = preg_replace( '/[\x00-\x1f\x7f\s]+/u', ' ', $text );
		return trim( mb_substr( (string) $text, 0, self::LONGEST ) );
	}
}
