<?php
/**
 * The commands wp ocelli.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_CLI;

defined( 'ABSPATH' ) || exit;

/**
 * Describes the pictures of the media library.
 */
final class Command {

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
	 * Works the queue off.
	 *
	 * @var Worker
	 */
	private $worker;

	/**
	 * What keeps the server from answering.
	 *
	 * @var Trouble
	 */
	private $trouble;

	/**
	 * Nothing is done yet.
	 *
	 * @param Queue     $queue     Pictures that wait.
	 * @param Describer $describer From a picture to its description.
	 * @param Texts     $texts     The texts of pictures.
	 * @param Worker    $worker    Works the queue off.
	 * @param Trouble   $trouble   What keeps the server from answering.
	 */
	public function __construct( Queue $queue, Describer $describer, Texts $texts, Worker $worker, Trouble $trouble ) {
		$this->queue     = $queue;
		$this->describer = $describer;
		$this->texts     = $texts;
		$this->worker    = $worker;
		$this->trouble   = $trouble;
	}

	/**
	 * Describes pictures and fills their empty texts.
	 *
	 * ## OPTIONS
	 *
	 * <id>...
	 * : IDs of pictures.
	 *
	 * [--prompt=<prompt>]
	 * : What to ask instead of the prompt in the settings.
	 *
	 * [--overwrite]
	 * : Also replaces texts that are there, by whomever they are.
	 *
	 * [--dry-run]
	 * : Shows the texts and saves nothing.
	 *
	 * ## EXAMPLES
	 *
	 *     wp ocelli generate 12 13
	 *
	 * @param string[] $ids   IDs of pictures.
	 * @param array    $named Options.
	 */
	public function generate( $ids, $named ): void {
		$failed = 0;
		foreach ( array_map( 'intval', $ids ) as $image ) {
			$replace = ! empty( $named['overwrite'] ) ? Texts::ALL : Texts::NONE;
			if ( ! Picture::obstacle( $image ) && empty( $named['dry-run'] ) && ! $this->texts->open( $image, $replace ) ) {
				WP_CLI::log( "$image: has its texts; --overwrite replaces them." );
				continue;
			}
			$said = $this->describer->describe( $image, isset( $named['prompt'] ) ? (string) $named['prompt'] : '' );
			if ( is_wp_error( $said ) ) {
				WP_CLI::warning( "$image: " . $said->get_error_message() );
				++$failed;
				continue;
			}
			$texts = $this->texts->proposal( $image, $said );
			if ( empty( $named['dry-run'] ) ) {
				$texts = $this->texts->save( $image, $texts, $replace, $texts );
				$this->queue->settle( $image );
			}
			foreach ( $texts as $field => $text ) {
				WP_CLI::log( "$image: $field: $text" );
			}
		}
		if ( $failed ) {
			WP_CLI::error( sprintf( '%d of %d pictures could not be described.', $failed, count( $ids ) ) );
		}
	}

	/**
	 * Describes all pictures that lack texts.
	 *
	 * Waits where the server asks for it. Ctrl-C loses nothing: the queue goes on in the background, or by the same command.
	 *
	 * ## OPTIONS
	 *
	 * [--limit=<n>]
	 * : At most so many pictures.
	 *
	 * [--review]
	 * : Leaves the texts for review (Media, Alternative texts) instead of saving them.
	 *
	 * [--renew]
	 * : Also renews texts that Ocelli wrote and nobody has changed.
	 *
	 * ## EXAMPLES
	 *
	 *     wp ocelli backfill --review
	 *
	 * @param string[] $none  Nothing.
	 * @param array    $named Options.
	 */
	public function backfill( $none, $named ): void {
		$left     = isset( $named['limit'] ) ? max( 0, (int) $named['limit'] ) : PHP_INT_MAX;
		$backfill = new Backfill( $this->queue );
		$before   = 0;
		do {
			$part   = $backfill->part( $before, min( $left, Backfill::PART ), ! empty( $named['review'] ), ! empty( $named['renew'] ) );
			$left  -= $part['added'];
			$before = $part['next'];
		} while ( $before && $left > 0 );
		$this->work( $backfill );
	}

	/**
	 * Counts pictures.
	 *
	 * ## EXAMPLES
	 *
	 *     wp ocelli count
	 */
	public function count(): void {
		$counts = $this->queue->counts();
		WP_CLI::line( sprintf( 'pictures:   %d', $this->queue->library()->pictures() ) );
		WP_CLI::line( sprintf( 'lacking:    %d', $this->queue->library()->lacking() ) );
		WP_CLI::line( sprintf( 'waiting:    %d', $counts[ Queue::WAITING ] + $counts['working'] ) );
		WP_CLI::line( sprintf( 'to review:  %d', $counts[ Queue::REVIEW ] ) );
		WP_CLI::line( sprintf( 'failed:     %d', $counts[ Queue::FAILED ] ) );
		WP_CLI::line( sprintf( 'decorative: %d', $counts[ Queue::DECORATIVE ] ) );
	}

	/**
	 * Works until nothing waits.
	 *
	 * @param Backfill $backfill Knows how far the queue is.
	 */
	private function work( Backfill $backfill ): void {
		$done   = 0;
		$failed = 0;
		$told   = '';
		$this->trouble->forgive();
		$bar = WP_CLI\Utils\make_progress_bar( 'Describing', $backfill->progress()['total'] - $backfill->progress()['done'] );
		for ( $came = $this->worker->step(); Worker::IDLE !== $came; $came = $this->worker->step() ) {
			if ( Worker::PAUSED === $came ) {
				WP_CLI::error( 'The queue is paused. Resume it at Media, Alternative texts.' );
			}
			if ( Worker::COOLING === $came ) {
				$known = $this->trouble->known();
				if ( $known && in_array( $known['code'], array( 'ocelli_token', 'ocelli_refused', 'ocelli_no_address' ), true ) ) {
					WP_CLI::error( $known['message'] );
				}
				if ( $known && $told !== $known['message'] ) {
					$told = $known['message'];
					WP_CLI::warning( $told . ' Waiting; Ctrl-C ends.' );
				}
				sleep( 1 );
				continue;
			}
			Worker::DONE === $came ? ++$done : ++$failed;
			$bar->tick();
		}
		$bar->finish();
		WP_CLI::success( "$done pictures done, $failed failed." );
	}
}
