<?php
/**
 * The REST routes for one picture.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Below /wp-json/ocelli-alt-text/v1/images/ID. Whoever may edit a picture may have it described.
 */
final class Rest_Images {

	const SPACE = 'ocelli-alt-text/v1';

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
	 * Pictures that wait.
	 *
	 * @var Queue
	 */
	private $queue;

	/**
	 * What keeps the server from answering.
	 *
	 * @var Trouble
	 */
	private $trouble;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Describer $describer From a picture to its description.
	 * @param Texts     $texts     The texts of pictures.
	 * @param Queue     $queue     Pictures that wait.
	 * @param Trouble   $trouble   What keeps the server from answering.
	 */
	public function __construct( Describer $describer, Texts $texts, Queue $queue, Trouble $trouble ) {
		$this->describer = $describer;
		$this->texts     = $texts;
		$this->queue     = $queue;
		$this->trouble   = $trouble;
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
		$texts   = array(
			'type'                 => 'object',
			'properties'           => array_fill_keys( Settings::FIELDS, array( 'type' => 'string' ) ),
			'additionalProperties' => false,
			'default'              => array(),
		);
		$replace = array(
			'type'    => 'string',
			'enum'    => array( Texts::NONE, Texts::OWN, Texts::ALL ),
			'default' => Texts::NONE,
		);
		$flag    = array(
			'type'    => 'boolean',
			'default' => false,
		);
		$prompt  = array(
			'type'      => 'string',
			'maxLength' => 4000,
			'default'   => '',
		);
		$this->route( '', 'GET', 'show', array() );
		$this->route( '/describe', 'POST', 'describe', compact( 'prompt', 'replace' ) + array( 'save' => $flag ) );
		$this->route( '/texts', 'POST', 'write', compact( 'texts', 'replace' ) );
		$this->route( '/review', 'POST', 'review', compact( 'texts' ) + array( 'discard' => $flag ) );
		$this->route( '/decorative', 'POST', 'decorative', array( 'decorative' => $flag ) );
	}

	/**
	 * Whether somebody may do this.
	 *
	 * @param WP_REST_Request $request With id.
	 * @return bool
	 */
	public function may( WP_REST_Request $request ): bool {
		return current_user_can( 'upload_files' ) && current_user_can( 'edit_post', (int) $request['id'] );
	}

	/**
	 * What there is.
	 *
	 * @param WP_REST_Request $request With id.
	 * @return WP_REST_Response
	 */
	public function show( WP_REST_Request $request ): WP_REST_Response {
		return $this->answer( (int) $request['id'], array() );
	}

	/**
	 * Has the picture described now.
	 *
	 * @param WP_REST_Request $request With id, prompt, save, replace.
	 * @return WP_REST_Response|WP_Error
	 */
	public function describe( WP_REST_Request $request ) {
		$image = (int) $request['id'];
		$said  = $this->describer->describe( $image, $request['prompt'] );
		if ( is_wp_error( $said ) ) {
			return $said;
		}
		$this->trouble->over();
		$texts = $this->texts->proposal( $image, $said );
		$saved = array();
		if ( $request['save'] ) {
			$saved = $this->texts->save( $image, $texts, $request['replace'], $texts );
			if ( $saved ) {
				$this->queue->settle( $image );
			}
		}
		$more = array(
			'text'  => $said,
			'texts' => (object) $texts,
			'alt'   => isset( $texts['alt'] ) ? $texts['alt'] : Alt_Words::of( $said, Describer::LONGEST ),
			'saved' => (object) $saved,
		);
		return $this->answer( $image, $more );
	}

	/**
	 * Writes texts that somebody has agreed to.
	 *
	 * @param WP_REST_Request $request With id, texts, replace.
	 * @return WP_REST_Response
	 */
	public function write( WP_REST_Request $request ): WP_REST_Response {
		$image = (int) $request['id'];
		$texts = self::plain( $request['texts'] );
		$saved = $this->texts->save( $image, $texts, $request['replace'], $texts );
		return $this->answer( $image, array( 'saved' => (object) $saved ) );
	}

	/**
	 * Decides on a proposal. What a human has written meanwhile stays.
	 *
	 * @param WP_REST_Request $request With id, texts, discard.
	 * @return WP_REST_Response|WP_Error
	 */
	public function review( WP_REST_Request $request ) {
		$image = (int) $request['id'];
		$job   = $this->queue->job( $image );
		if ( Queue::REVIEW !== $this->queue->state( $image ) ) {
			return new WP_Error( 'ocelli_no_review', __( 'This picture has no text to review any more.', 'ocelli-alt-text' ), array( 'status' => 409 ) );
		}
		$saved = array();
		if ( ! $request['discard'] ) {
			$saved = $this->texts->save( $image, self::plain( $request['texts'] ), $job['renew'] ? Texts::OWN : Texts::NONE, $job['texts'] );
		}
		$this->queue->settle( $image );
		return $this->answer( $image, array( 'saved' => (object) $saved ) );
	}

	/**
	 * The picture needs no words, or does.
	 *
	 * @param WP_REST_Request $request With id, decorative.
	 * @return WP_REST_Response
	 */
	public function decorative( WP_REST_Request $request ): WP_REST_Response {
		$this->queue->decorative( (int) $request['id'], $request['decorative'] );
		return $this->answer( (int) $request['id'], array() );
	}

	/**
	 * Names a route.
	 *
	 * @param string $path   After the picture's ID.
	 * @param string $method GET or POST.
	 * @param string $name   Of the function that answers.
	 * @param array  $takes  Arguments.
	 */
	private function route( string $path, string $method, string $name, array $takes ): void {
		register_rest_route(
			self::SPACE,
			'/images/(?P<id>\d+)' . $path,
			array(
				'methods'             => $method,
				'callback'            => array( $this, $name ),
				'permission_callback' => array( $this, 'may' ),
				'args'                => $takes,
			)
		);
	}

	/**
	 * The picture's texts and state, and more.
	 *
	 * @param int   $image Attachment ID.
	 * @param array $more  To be said.
	 */
	private function answer( int $image, array $more ): WP_REST_Response {
		$job   = $this->queue->job( $image );
		$usual = array(
			'id'    => $image,
			'now'   => $this->texts->now( $image ),
			'state' => $this->queue->state( $image ),
			'error' => isset( $job['error'] ) ? $job['error'] : '',
		);
		return new WP_REST_Response( array_merge( $usual, $more ) );
	}

	/**
	 * Texts without markup.
	 *
	 * @param array $texts By field.
	 * @return string[]
	 */
	private static function plain( array $texts ): array {
		return array_map( 'sanitize_textarea_field', $texts );
	}
}
