<?php
/**
 * What the model is asked.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Fills the site's prompt with what is known of a picture.
 */
final class Prompt {

	/** Characters of the longest title or name that goes into a prompt. */
	const LONGEST = 120;

	/**
	 * The prompt as it is set.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is filled yet.
	 *
	 * @param Settings $settings The prompt as it is set.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * What may stand in a prompt, each with its meaning.
	 */
	public static function places(): array {
		return array(
			'{context}' => __( 'what you say about the site below', 'ocelli-alt-text' ),
			'{title}'   => __( 'title of the post the picture belongs to', 'ocelli-alt-text' ),
			'{site}'    => __( 'the site\'s name', 'ocelli-alt-text' ),
			'{file}'    => __( 'the file\'s name, as words', 'ocelli-alt-text' ),
		);
	}

	/**
	 * The question for a picture.
	 *
	 * @param int $image Attachment ID.
	 * @return string '' leaves the question to the model, which has one it was trained with.
	 */
	public function of( int $image ): string {
		$post   = get_post( $image );
		$parent = $post ? $post->post_parent : 0;
		$file   = pathinfo( (string) get_attached_file( $image ), PATHINFO_FILENAME );
		$known  = array(
			'{context}' => trim( (string) $this->settings->get( 'context' ) ),
			'{title}'   => self::short( $parent ? get_the_title( $parent ) : '' ),
			'{site}'    => self::short( get_bloginfo( 'name' ) ),
			'{file}'    => self::short( preg_replace( '/[-_]+/', ' ', $file ) ),
		);
		$filled = strtr( (string) $this->settings->get( 'prompt' ), $known );
		/**
		 * What the model is asked.
		 *
		 * @param string $prompt Filled.
		 * @param int    $image  Attachment ID.
		 */
		return trim( (string) apply_filters( 'ocelli_alt_text_prompt', $filled, $image ) );
	}

	/**
	 * A title as plain words, cut where it is long.
	 *
	 * @param string $text Perhaps with entities.
	 */
	private static function short( string $text ): string {
		$plain = html_entity_decode( wp_strip_all_tags( $text, true ), ENT_QUOTES, 'UTF-8' );
		return mb_substr( $plain, 0, self::LONGEST );
	}
}
