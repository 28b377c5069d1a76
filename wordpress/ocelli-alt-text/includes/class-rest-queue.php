<?php
/**
 * The REST routes of the queue.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Below /wp-json/ocelli-alt-text/v1/queue, for those who may edit other people's pictures.
 */
final class Rest_Queue {

	const PAGE = 20;

	/**
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

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
	 * Fills the queue.
	 *
	 * @var Backfill
	 */
	private $backfill;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Queue   $queue   Pictures that wait.
	 * @param Texts   $texts   The texts of pictures.
	 * @param Worker  $worker  Works the queue off.
	 * @param Trouble $trouble What keeps the server from answering.
	 */
	public function __construct( Queue $queue, Texts $texts, Worker $worker, Trouble $trouble ) {
		$this->queue    = $queue;
		$this->texts    = $texts;
		$this->worker   = $worker;
		$this->trouble  = $trouble;
		$this->backfill = new Backfill( $queue );
	}

	/**
	 * Who may work with the queue.
	 */
	public static function capability(): string {
		/**
		 * What somebody must be allowed to do to work with the queue.
		 *
		 * @param string $capability Of WordPress.
		 */
		return (string) apply_filters( 'ocelli_alt_text_queue_capability', 'edit_others_posts' );
	}

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'rest_api_init', array( $this, 'routes' ) );
	}

	/**
	 * Names the routes.
	 */
	public function routes(): void {
		$this->route( '/queue', 'GET', 'show', array() );
		$this->route( '/queue/items', 'GET', 'items', array( 'state' => self::one_of( array( Queue::REVIEW, Queue::FAILED ) ) ) );
		$whole = array(
			'type'    => 'integer',
			'minimum' => 0,
			'default' => 0,
		);
		$flag  = array(
			'type'    => 'boolean',
			'default' => false,
		);
		$takes = array(
			'before' => $whole,
			'renew'  => $flag,
			'review' => array( 'default' => true ) + $flag,
		);
		$this->route( '/queue/add', 'POST', 'add', $takes );
		$this->route( '/queue/work', 'POST', 'work', array() );
		$this->route( '/queue/pause', 'POST', 'pause', array( 'paused' => $flag ) );
		$this->route( '/queue/retry', 'POST', 'retry', array() );
		$this->route( '/queue/clear', 'POST', 'clear', array() );
	}

	/**
	 * Whether somebody may do this.
	 */
	public function may(): bool {
		return current_user_can( 'upload_files' ) && current_user_can( self::capability() );
	}

	/**
	 * How things stand.
	 */
	public function show(): WP_REST_Response {
		return $this->answer( array() );
	}

	/**
	 * Pictures to review, or that failed.
	 *
	 * @param WP_REST_Request $request With state.
	 */
	public function items( WP_REST_Request $request ): WP_REST_Response {
		$items = array();
		foreach ( $this->queue->in_state( $request['state'], self::PAGE ) as $image ) {
			$job     = $this->queue->job( $image );
			$items[] = array(
				'id'    => $image,
				'name'  => wp_basename( (string) get_attached_file( $image ) ),
				'thumb' => (string) wp_get_attachment_image_url( $image, 'thumbnail' ),
				'link'  => (string) get_edit_post_link( $image, 'raw' ),
				'texts' => (object) ( isset( $job['texts'] ) ? $job['texts'] : array() ),
				'error' => isset( $job['error'] ) ? $job['error'] : '',
				'now'   => $this->texts->now( $image ),
			);
		}
		return new WP_REST_Response( $items );
	}

	/**
	 * Puts the next pictures that lack texts in line.
	 *
	 * @param WP_REST_Request $request With before, review, renew.
	 */
	public function add( WP_REST_Request $request ): WP_REST_Response {
		$part = $this->backfill->part( $request['before'], Backfill::PART, $request['review'], $request['renew'] );
		$this->worker->plan();
		return $this->answer( $part );
	}

	/**
	 * Does the next picture now. The page calls this while it is open, so that nobody waits for WordPress's schedule.
	 */
	public function work(): WP_REST_Response {
		$came = $this->worker->step();
		$this->worker->plan();
		return $this->answer( array( 'came' => $came ), false );
	}

	/**
	 * Stops the queue or lets it go on.
	 *
	 * @param WP_REST_Request $request With paused.
	 */
	public function pause( WP_REST_Request $request ): WP_REST_Response {
		$this->queue->pause( $request['paused'] );
		if ( ! $request['paused'] ) {
			$this->trouble->forgive();
			$this->worker->plan();
		}
		return $this->answer( array() );
	}

	/**
	 * Puts pictures that failed in line again.
	 */
	public function retry(): WP_REST_Response {
		do {
			$moved = 0;
			foreach ( $this->queue->in_state( Queue::FAILED, Backfill::PART ) as $image ) {
				$job    = $this->queue->job( $image );
				$moved += $this->queue->add( $image, $job['review'], $job['renew'] ) ? 1 : 0;
			}
		} while ( $moved );
		$this->trouble->forgive();
		$this->worker->plan();
		return $this->answer( array() );
	}

	/**
	 * Takes all that wait out of the line. Proposals stay.
	 */
	public function clear(): WP_REST_Response {
		do {
			$images = $this->queue->in_state( Queue::WAITING, Backfill::PART );
			foreach ( $images as $image ) {
				$this->queue->settle( $image );
			}
		} while ( $images );
		return $this->answer( array() );
	}

	/**
	 * Names a route.
	 *
	 * @param string $path   Of it.
	 * @param string $method GET or POST.
	 * @param string $name   Of the function that answers.
	 * @param array  $takes  Arguments.
	 */
	private function route( string $path, string $method, string $name, array $takes ): void {
		register_rest_route(
			Rest_Images::SPACE,
			$path,
			array(
				'methods'             => $method,
				'callback'            => array( $this, $name ),
				'permission_callback' => array( $this, 'may' ),
				'args'                => $takes,
			)
		);
	}

	/**
	 * An argument that must be one of these.
	 *
	 * @param string[] $values The first is the default.
	 */
	private static function one_of( array $values ): array {
		return array(
			'type'    => 'string',
			'enum'    => $values,
			'default' => $values[0],
		);
	}

	/**
	 * How things stand, and more.
	 *
	 * @param array $more To be said.
	 * @param bool  $all  Whether the library is counted, too, which takes a while in a large one.
	 */
	private function answer( array $more, bool $all = true ): WP_REST_Response {
		$trouble = $this->trouble->known();
		$usual   = array(
			'counts'   => $this->queue->counts(),
			'progress' => $this->backfill->progress(),
			'paused'   => $this->queue->is_paused(),
			'trouble'  => $trouble ? $trouble['message'] : '',
			'seconds'  => $this->trouble->seconds(),
		);
		if ( $all ) {
			$more['pictures'] = $this->queue->library()->pictures();
			$more['lacking']  = $this->queue->library()->lacking();
		}
		return new WP_REST_Response( array_merge( $usual, $more ) );
	}
}
