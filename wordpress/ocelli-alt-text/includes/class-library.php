<?php
/**
 * Finds pictures.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

// The media library may hold a hundred thousand pictures, and WordPress's own queries can't ask for "no text in any of these places".
// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders

/**
 * Which pictures of the media library lack texts.
 */
final class Library {

	/**
	 * Which texts are written.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Settings $settings Which texts are written.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * How many pictures there are.
	 */
	public function pictures(): int {
		global $wpdb;
		return (int) $wpdb->get_var( 'SELECT COUNT(*) ' . $this->from() );
	}

	/**
	 * How many pictures lack a text and nobody has called them decorative.
	 */
	public function lacking(): int {
		global $wpdb;
		return (int) $wpdb->get_var( 'SELECT COUNT(*) ' . $this->from() . ' AND ' . $this->lack() . " AND (s.meta_value IS NULL OR s.meta_value <> 'decorative')" );
	}

	/**
	 * Pictures that could be put in the queue, newest first.
	 *
	 * @param int  $before Only those with a smaller ID.
	 * @param int  $most   How many.
	 * @param bool $renew  Also those that have texts of the plugin's own.
	 * @return int[] Attachment IDs.
	 */
	public function candidates( int $before, int $most, bool $renew ): array {
		global $wpdb;
		$which = $this->lack();
		if ( $renew ) {
			$which = $wpdb->prepare( "($which OR EXISTS (SELECT 1 FROM $wpdb->postmeta w WHERE w.post_id = p.ID AND w.meta_key = %s))", Texts::WRITTEN );
		}
		$sql = 'SELECT p.ID ' . $this->from() . " AND $which AND s.meta_value IS NULL";
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( "$sql AND p.ID < %d ORDER BY p.ID DESC LIMIT %d", $before, $most ) ) );
	}

	/**
	 * Condition on posts p and their alternative text a.
	 */
	public function lack(): string {
		$empty = array(
			'alt'         => "(a.meta_value IS NULL OR TRIM(a.meta_value) = '')",
			'caption'     => "p.post_excerpt = ''",
			'description' => "p.post_content = ''",
		);
		return '(' . implode( ' OR ', array_intersect_key( $empty, array_flip( $this->settings->fields() ) ) ) . ')';
	}

	/**
	 * All pictures p, with their alternative text a and their state s in the queue.
	 */
	private function from(): string {
		global $wpdb;
		$types = Picture::types();
		$marks = implode( ', ', array_fill( 0, count( $types ), '%s' ) );
		return $wpdb->prepare(
			"FROM $wpdb->posts p LEFT JOIN $wpdb->postmeta a ON a.post_id = p.ID AND a.meta_key = %s
			LEFT JOIN $wpdb->postmeta s ON s.post_id = p.ID AND s.meta_key = %s
			WHERE p.post_type = 'attachment' AND p.post_status <> 'trash' AND p.post_mime_type IN ($marks)",
			array_merge( array( Texts::ALT, Queue::STATE ), $types )
		);
	}
}
