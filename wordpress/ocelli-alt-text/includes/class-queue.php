<?php
/**
 * Pictures that wait for a text, or for a human to look at one.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

// A state must change in one step: of two processes that take the same picture one must see that it lost.
// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.SlowDBQuery

/**
 * The state of each picture in a meta value: waiting, "working:" with when it was taken and by whom, review, failed or
 * decorative; no value where there is nothing to do. A second meta value, the job, says what is to be done.
 */
final class Queue {

	const STATE      = '_ocelli_alt_text_state';
	const JOB        = '_ocelli_alt_text_job';
	const PAUSED     = 'ocelli_alt_text_paused';
	const WAITING    = 'waiting';
	const REVIEW     = 'review';
	const FAILED     = 'failed';
	const DECORATIVE = 'decorative';

	/** Seconds after which whoever took a picture is taken to be gone. */
	const STALE = 300;

	/**
	 * Finds pictures.
	 *
	 * @var Library
	 */
	private $library;

	/**
	 * Nothing is queued yet.
	 *
	 * @param Library $library Finds pictures.
	 */
	public function __construct( Library $library ) {
		$this->library = $library;
	}

	/**
	 * The pictures.
	 */
	public function library(): Library {
		return $this->library;
	}

	/**
	 * Puts a picture in line.
	 *
	 * @param int  $image  Attachment ID.
	 * @param bool $review Whether a human looks at the text before it is saved.
	 * @param bool $renew  Whether texts of the plugin's own are replaced.
	 * @return bool Whether it is new there.
	 */
	public function add( int $image, bool $review, bool $renew = false ): bool {
		$state = $this->state( $image );
		if ( '' !== $state && self::FAILED !== $state ) {
			return false;
		}
		$job = array(
			'review' => $review,
			'renew'  => $renew,
			'tries'  => 0,
		);
		update_post_meta( $image, self::JOB, $job );
		return '' === $state ? (bool) add_post_meta( $image, self::STATE, self::WAITING, true ) : $this->swap( $image, self::FAILED, self::WAITING );
	}

	/**
	 * Takes the newest picture that waits.
	 *
	 * @return array|null image, its ID, and claim, which gives it back.
	 */
	public function take(): ?array {
		global $wpdb;
		$this->free_stale();
		for ( $try = 0; $try < 5; $try++ ) {
			$image = (int) $wpdb->get_var(
				$wpdb->prepare( "SELECT post_id FROM $wpdb->postmeta WHERE meta_key = %s AND meta_value = %s ORDER BY post_id DESC LIMIT 1", self::STATE, self::WAITING )
			);
			if ( ! $image ) {
				return null;
			}
			$claim = 'working:' . time() . ':' . wp_generate_password( 8, false );
			if ( $this->swap( $image, self::WAITING, $claim ) ) {
				return array(
					'image' => $image,
					'claim' => $claim,
				);
			}
		}
		return null;
	}

	/**
	 * What is to be done with a picture.
	 *
	 * @param int $image Attachment ID.
	 * @return array review, renew, tries; texts where there is a proposal, error where it failed.
	 */
	public function job( int $image ): array {
		$job   = get_post_meta( $image, self::JOB, true );
		$usual = array(
			'review' => true,
			'renew'  => false,
			'tries'  => 0,
		);
		return array_merge( $usual, is_array( $job ) ? $job : array() );
	}

	/**
	 * There is nothing more to do.
	 *
	 * @param int $image Attachment ID.
	 */
	public function settle( int $image ): void {
		delete_post_meta( $image, self::STATE );
		delete_post_meta( $image, self::JOB );
	}

	/**
	 * A proposal waits for a human.
	 *
	 * @param array    $taken By take().
	 * @param string[] $texts By field.
	 */
	public function propose( array $taken, array $texts ): void {
		$this->put( $taken, self::REVIEW, array( 'texts' => $texts ) );
	}

	/**
	 * A picture can't be described.
	 *
	 * @param array    $taken By take().
	 * @param WP_Error $error Why.
	 */
	public function fail( array $taken, WP_Error $error ): void {
		$this->put( $taken, self::FAILED, array( 'error' => $error->get_error_message() ) );
	}

	/**
	 * A picture waits again.
	 *
	 * @param array $taken By take().
	 * @param bool  $count Whether this was one of the tries that it has.
	 * @return int How many tries it has had.
	 */
	public function put_back( array $taken, bool $count ): int {
		$tries = $this->job( $taken['image'] )['tries'] + ( $count ? 1 : 0 );
		$this->put( $taken, self::WAITING, array( 'tries' => $tries ) );
		return $tries;
	}

	/**
	 * The picture needs no words; it is left out from now on.
	 *
	 * @param int  $image      Attachment ID.
	 * @param bool $decorative Whether it is so.
	 */
	public function decorative( int $image, bool $decorative ): void {
		$this->settle( $image );
		if ( $decorative ) {
			add_post_meta( $image, self::STATE, self::DECORATIVE, true );
		}
	}

	/**
	 * A picture's state, "working" without what follows it.
	 *
	 * @param int $image Attachment ID.
	 * @return string '' where there is nothing to do.
	 */
	public function state( int $image ): string {
		return explode( ':', (string) get_post_meta( $image, self::STATE, true ) )[0];
	}

	/**
	 * How many pictures are in each state.
	 *
	 * @return int[] By state.
	 */
	public function counts(): array {
		global $wpdb;
		$counts = array_fill_keys( array( self::WAITING, 'working', self::REVIEW, self::FAILED, self::DECORATIVE ), 0 );
		$rows   = $wpdb->get_results(
			$wpdb->prepare( "SELECT SUBSTRING_INDEX(meta_value, ':', 1) AS state, COUNT(*) AS pictures FROM $wpdb->postmeta WHERE meta_key = %s GROUP BY state", self::STATE )
		);
		foreach ( $rows as $row ) {
			$counts[ $row->state ] = (int) $row->pictures;
		}
		return $counts;
	}

	/**
	 * Pictures in a state, newest first.
	 *
	 * @param string $state REVIEW or FAILED.
	 * @param int    $most  How many.
	 * @param int    $skip  How many to leave out before.
	 * @return int[] Attachment IDs.
	 */
	public function in_state( string $state, int $most, int $skip = 0 ): array {
		global $wpdb;
		$sql = "SELECT post_id FROM $wpdb->postmeta WHERE meta_key = %s AND meta_value = %s ORDER BY post_id DESC LIMIT %d OFFSET %d";
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $sql, self::STATE, $state, $most, $skip ) ) ); // phpcs:ignore WordPress.DB.PreparedSQL.NotPrepared -- It is, here.
	}

	/**
	 * Whether a human has stopped the queue.
	 */
	public function is_paused(): bool {
		// A command may run for hours while somebody presses the button elsewhere.
		wp_cache_delete( self::PAUSED, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
		return (bool) get_option( self::PAUSED );
	}

	/**
	 * Stops the queue, or lets it go on.
	 *
	 * @param bool $paused Whether it stands still.
	 */
	public function pause( bool $paused ): void {
		if ( $paused ) {
			update_option( self::PAUSED, 1, false );
		} else {
			delete_option( self::PAUSED );
		}
	}

	/**
	 * Changes a state in one step.
	 *
	 * @param int    $image Attachment ID.
	 * @param string $from  The state it must be in.
	 * @param string $to    The state it gets.
	 * @return bool Whether it was in that state.
	 */
	public function swap( int $image, string $from, string $to ): bool {
		global $wpdb;
		$where   = array(
			'post_id'    => $image,
			'meta_key'   => self::STATE,
			'meta_value' => $from,
		);
		$changed = $wpdb->update( $wpdb->postmeta, array( 'meta_value' => $to ), $where );
		wp_cache_delete( $image, 'post_meta' );
		return (bool) $changed;
	}

	/**
	 * Gives a picture that was taken its next state, unless it was deleted or taken away meanwhile.
	 *
	 * @param array  $taken By take().
	 * @param string $state Its next one.
	 * @param array  $more  What the job says from now on.
	 */
	private function put( array $taken, string $state, array $more ): void {
		$image = $taken['image'];
		if ( ! $this->holds( $taken ) ) {
			return;
		}
		$job = $this->job( $image );
		// The job first: whoever finds the picture in its next state reads the texts that belong to it.
		update_post_meta( $image, self::JOB, wp_slash( array_merge( $job, $more ) ) );
		if ( ! $this->swap( $image, $taken['claim'], $state ) && '' === $this->state( $image ) ) {
			delete_post_meta( $image, self::JOB );
		}
	}

	/**
	 * Whether a picture that was taken is still the taker's: nobody has decided on it meanwhile.
	 *
	 * @param array $taken By take().
	 */
	public function holds( array $taken ): bool {
		wp_cache_delete( $taken['image'], 'post_meta' );
		return get_post_meta( $taken['image'], self::STATE, true ) === $taken['claim'];
	}

	/**
	 * Pictures whose process was killed wait again, but not for ever: they may be what kills it.
	 */
	private function free_stale(): void {
		global $wpdb;
		$rows = $wpdb->get_results( $wpdb->prepare( "SELECT post_id, meta_value FROM $wpdb->postmeta WHERE meta_key = %s AND meta_value LIKE %s", self::STATE, 'working:%' ) );
		foreach ( $rows as $row ) {
			if ( (int) explode( ':', $row->meta_value )[1] < time() - self::STALE ) {
				$taken = array(
					'image' => (int) $row->post_id,
					'claim' => $row->meta_value,
				);
				$tries = $this->job( $taken['image'] )['tries'] + 1;
				if ( $tries < Worker::TRIES ) {
					$this->put( $taken, self::WAITING, array( 'tries' => $tries ) );
				} else {
					$this->fail( $taken, Fault::no_picture( __( 'Whatever process described this picture ended without an answer.', 'ocelli-alt-text' ) ) );
				}
			}
		}
	}
}
