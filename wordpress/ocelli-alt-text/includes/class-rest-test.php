<?php
/**
 * The REST route behind the settings' test button.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * POST /wp-json/ocelli-alt-text/v1/test: has the server describe a drawing, with settings that may not be saved yet.
 */
final class Rest_Test {

	/**
	 * What is saved.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * What keeps the server from answering.
	 *
	 * @var Trouble
	 */
	private $trouble;

	/**
	 * Nothing is hooked in yet.
	 *
	 * @param Settings $settings What is saved.
	 * @param Trouble  $trouble  What keeps the server from answering.
	 */
	public function __construct( Settings $settings, Trouble $trouble ) {
		$this->settings = $settings;
		$this->trouble  = $trouble;
	}

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'rest_api_init', array( $this, 'routes' ) );
	}

	/**
	 * Names the route.
	 */
	public function routes(): void {
		$text = array(
			'type'    => 'string',
			'default' => '',
		);
		register_rest_route(
			Rest_Images::SPACE,
			'/test',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'test' ),
				'permission_callback' => array( $this, 'may' ),
				'args'                => array_fill_keys( array( 'address', 'token', 'adapter' ), $text ),
			)
		);
	}

	/**
	 * Whether somebody may do this.
	 */
	public function may(): bool {
		return current_user_can( Settings::connection_capability() );
	}

	/**
	 * Asks for the models, then about a drawing.
	 *
	 * @param WP_REST_Request $request With address, token, adapter.
	 * @return WP_REST_Response|WP_Error
	 */
	public function test( WP_REST_Request $request ) {
		$given = $this->given( $request );
		if ( is_wp_error( $given ) ) {
			return $given;
		}
		$override = static function ( $saved ) use ( $given ) {
			return array_merge( is_array( $saved ) ? $saved : array(), $given );
		};
		add_filter( 'option_' . Settings::OPTION, $override );
		add_filter( 'default_option_' . Settings::OPTION, $override );
		$client = new Client( $this->settings );
		$models = $client->models();
		$began  = microtime( true );
		$answer = is_wp_error( $models ) ? $models : $client->vision( array( 'image' => self::drawing() ) );
		remove_filter( 'option_' . Settings::OPTION, $override );
		remove_filter( 'default_option_' . Settings::OPTION, $override );
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		if ( $given['address'] === $this->settings->get( 'address' ) ) {
			$this->trouble->forgive();
			Schedule::work_in( 0 );
		}
		$said    = sanitize_text_field( $answer['text'] );
		$seconds = microtime( true ) - $began;
		return new WP_REST_Response(
			array(
				'models'  => $models,
				'text'    => $said,
				'message' => sprintf(
					/* translators: 1: seconds, 2: the model's words, 3: names of models. */
					__( 'It works. In %1$s s the model said of the drawing of a red circle: "%2$s". Models: %3$s.', 'ocelli-alt-text' ),
					number_format_i18n( $seconds, 1 ),
					$said,
					implode( ', ', $models )
				),
			)
		);
	}

	/**
	 * The settings to test with. A saved token goes to the address only that it was saved with.
	 *
	 * @param WP_REST_Request $request With address, token, adapter.
	 * @return array|WP_Error
	 */
	private function given( WP_REST_Request $request ) {
		$saved   = (string) $this->settings->get( 'address' );
		$address = '' === trim( $request['address'] ) ? $saved : Settings::address( $request['address'] );
		if ( '' === $address ) {
			return new WP_Error( 'ocelli_bad_address', __( 'The server\'s address must look like http://127.0.0.1:8080.', 'ocelli-alt-text' ), array( 'status' => 400 ) );
		}
		$token = trim( $request['token'] );
		if ( '' === $token && $address === $saved ) {
			$token = (string) $this->settings->get( 'token' );
		}
		return array(
			'address' => $address,
			'token'   => $token,
			'adapter' => sanitize_text_field( $request['adapter'] ),
		);
	}

	/**
	 * A red circle, in base64.
	 */
	private static function drawing(): string {
		// phpcs:ignore WordPress.WP.AlternativeFunctions.file_get_contents_file_get_contents, WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode
		return base64_encode( (string) file_get_contents( dirname( FILE ) . '/assets/test.png' ) );
	}
}
