<?php
/**
 * Works the queue off.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Takes pictures from the queue, one after the other. Several may run at once.
 */
final class Worker {

	const IDLE    = 'idle';
	const PAUSED  = 'paused';
	const COOLING = 'cooling';
	const DONE    = 'done';
	const FAILED  = 'failed';

	/** Seconds after which a run in the background leaves the rest to the next one. */
	const LONGEST = 20;

	/** How often a picture is tried that may be the cause of a server's failure itself. */
	const TRIES = 3;

	/**
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * From a picture to its description.
	 *
	 * @var Describer
	 */
	private $describer;

	/**
	 * The texts of pictures.
	 *
	 * @var Texts
	 */
	private $texts;

	/**
	 * What keeps the server from answering.
	 *
	 * @var Trouble
	 */
	private $trouble;

	/**
	 * Nothing is taken yet.
	 *
	 * @param Queue     $queue     Pictures that wait.
	 * @param Describer $describer From a picture to its description.
	 * @param Texts     $texts     The texts of pictures.
	 * @param Trouble   $trouble   What keeps the server from answering.
	 */
	public function __construct( Queue $queue, Describer $describer, Texts $texts, Trouble $trouble ) {
		$this->queue     = $queue;
		$this->describer = $describer;
		$this->texts     = $texts;
		$this->trouble   = $trouble;
	}

	/**
	 * Works for a while, and has the rest done later.
	 */
	public function in_background(): void {
		$until = time() + self::LONGEST;
		do {
			$came = $this->step();
		} while ( in_array( $came, array( self::DONE, self::FAILED ), true ) && time() < $until );
		$this->plan();
	}

	/**
	 * Has the queue worked on as soon as the server may be asked.
	 */
	public function plan(): void {
		$counts = $this->queue->counts();
		if ( $counts['working'] + $counts[ Queue::WAITING ] > 0 && ! $this->queue->is_paused() ) {
			Schedule::work_in( $counts[ Queue::WAITING ] ? $this->trouble->seconds() : Queue::STALE );
		}
	}

	/**
	 * Does the next picture.
	 *
	 * @return string IDLE, PAUSED, COOLING (the server is in trouble), DONE or FAILED.
	 */
	public function step(): string {
		if ( $this->queue->is_paused() ) {
			return self::PAUSED;
		}
		if ( $this->trouble->seconds() > 0 ) {
			return self::COOLING;
		}
		$taken = $this->queue->take();
		if ( ! $taken ) {
			return self::IDLE;
		}
		$image   = $taken['image'];
		$job     = $this->queue->job( $image );
		$replace = $job['renew'] ? Texts::OWN : Texts::NONE;
		if ( ! $this->texts->open( $image, $replace ) ) {
			$this->queue->settle( $image ); // A human was faster.
			return self::DONE;
		}
		$said = $this->describer->describe( $image );
		if ( is_wp_error( $said ) ) {
			return $this->failed( $taken, $said );
		}
		$this->trouble->over();
		$texts = $this->texts->proposal( $image, $said );
		if ( $job['review'] ) {
			$this->queue->propose( $taken, $texts );
		} elseif ( $this->queue->holds( $taken ) ) {
			$this->texts->save( $image, $texts, $replace, $texts );
			$this->queue->settle( $image );
		}
		return self::DONE;
	}

	/**
	 * The server's failures put the picture back; its own end its wait.
	 *
	 * @param array     $taken By the queue.
	 * @param \WP_Error $error Of Fault.
	 */
	private function failed( array $taken, \WP_Error $error ): string {
		if ( ! Fault::is_of_server( $error ) ) {
			$this->trouble->over();
			$this->queue->fail( $taken, $error );
			return self::FAILED;
		}
		$this->trouble->note( $error );
		if ( $this->queue->job( $taken['image'] )['tries'] + 1 >= self::TRIES && Fault::datum( $error, 'counts' ) ) {
			$this->queue->fail( $taken, $error );
		} else {
			$this->queue->put_back( $taken, (bool) Fault::datum( $error, 'counts' ) );
		}
		return self::COOLING;
	}
}
