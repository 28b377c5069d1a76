<?php
/**
 * Puts everything that lacks texts in line.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Fills the queue from the library, a part at a time: a large library takes longer than a request may.
 */
final class Backfill {

	const RUN  = 'ocelli_alt_text_run';
	const PART = 200;

	/**
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * Nothing is queued yet.
	 *
	 * @param Queue $queue Pictures that wait.
	 */
	public function __construct( Queue $queue ) {
		$this->queue = $queue;
	}

	/**
	 * Puts the next pictures in line.
	 *
	 * @param int  $before Only those with a smaller ID; 0 begins.
	 * @param int  $most   How many.
	 * @param bool $review Whether a human looks at the texts before they are saved.
	 * @param bool $renew  Whether texts of the plugin's own are replaced.
	 * @return array added, how many, and next, the smallest ID seen, or 0 at the end.
	 */
	public function part( int $before, int $most, bool $review, bool $renew ): array {
		$progress = $before ? $this->progress() : $this->begin();
		$images   = $this->queue->library()->candidates( $before ? $before : PHP_INT_MAX, $most, $renew );
		update_meta_cache( 'post', $images );
		$added = 0;
		foreach ( $images as $image ) {
			$added += $this->queue->add( $image, $review, $renew ) ? 1 : 0;
		}
		update_option( self::RUN, $progress['total'] + $added, false );
		return array(
			'added' => $added,
			'next'  => count( $images ) < $most ? 0 : end( $images ),
		);
	}

	/**
	 * How far the queue is since it was last empty.
	 *
	 * @return int[] total and done.
	 */
	public function progress(): array {
		$left  = $this->left();
		$total = max( (int) get_option( self::RUN ), $left );
		return array(
			'total' => $total,
			'done'  => $total - $left,
		);
	}

	/**
	 * A new count where the queue is empty.
	 */
	private function begin(): array {
		return $this->left() ? $this->progress() : array( 'total' => 0 );
	}

	/**
	 * How many pictures are not done.
	 */
	private function left(): int {
		$counts = $this->queue->counts();
		return $counts[ Queue::WAITING ] + $counts['working'];
	}
}
