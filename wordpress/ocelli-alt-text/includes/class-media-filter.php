<?php
/**
 * The media library's filter.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Query;

defined( 'ABSPATH' ) || exit;

/**
 * Lets the library's list show pictures without alternative text only.
 */
final class Media_Filter {

	const FIELD = 'ocelli_alt';

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'restrict_manage_posts', array( $this, 'choice' ) );
		add_action( 'pre_get_posts', array( $this, 'narrow' ) );
	}

	/**
	 * Shows the choice.
	 *
	 * @param string $type Of the posts in the list.
	 */
	public function choice( $type ): void {
		if ( 'attachment' !== $type ) {
			return;
		}
		printf(
			'<label class="screen-reader-text" for="%1$s">%2$s</label><select name="%1$s" id="%1$s"><option value="">%3$s</option><option value="none"%5$s>%4$s</option></select>',
			esc_attr( self::FIELD ),
			esc_html__( 'Filter by alternative text', 'ocelli-alt-text' ),
			esc_html__( 'With or without alternative text', 'ocelli-alt-text' ),
			esc_html__( 'Without alternative text', 'ocelli-alt-text' ),
			selected( $this->is_chosen(), true, false )
		);
	}

	/**
	 * Narrows the list.
	 *
	 * @param WP_Query $query Of the list.
	 */
	public function narrow( $query ): void {
		if ( ! $query->is_main_query() || 'attachment' !== $query->get( 'post_type' ) || ! $this->is_chosen() ) {
			return;
		}
		$query->set( 'post_mime_type', Picture::types() );
		$query->set(
			'meta_query', // phpcs:ignore WordPress.DB.SlowDBQuery
			array(
				'relation' => 'OR',
				array(
					'key'     => Texts::ALT,
					'compare' => 'NOT EXISTS',
				),
				array(
					'key'   => Texts::ALT,
					'value' => '',
				),
			)
		);
	}

	/**
	 * Whether the list is to be narrowed. This changes nothing, so it needs no nonce.
	 */
	private function is_chosen(): bool {
		return isset( $_GET[ self::FIELD ] ) && 'none' === $_GET[ self::FIELD ]; // phpcs:ignore WordPress.Security.NonceVerification.Recommended
	}
}
