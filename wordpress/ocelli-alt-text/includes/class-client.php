<?php
/**
 * Talks to ocelli serve.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * The server's addresses that the plugin uses.
 */
final class Client {

	/** Bytes of the longest answer that is read. */
	const LONGEST = 262144;

	/**
	 * Where the server is.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is sent yet.
	 *
	 * @param Settings $settings Where the server is.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * Asks about a picture.
	 *
	 * @param array $fields Of POST /v1/vision: image or image_url, prompt.
	 * @return array|WP_Error The answer: text, model and more.
	 */
	public function vision( array $fields ) {
		$adapter = (string) $this->settings->get( 'adapter' );
		if ( '' !== $adapter ) {
			$fields['adapter'] = $adapter;
		}
		$answer = $this->call( 'POST', '/v1/vision', $fields );
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		if ( ! isset( $answer['text'] ) || ! is_string( $answer['text'] ) ) {
			return Fault::nonsense( $this->settings->get( 'address' ) );
		}
		return $answer;
	}

	/**
	 * The models that the server has, the default first.
	 *
	 * @return string[]|WP_Error
	 */
	public function models() {
		$answer = $this->call( 'GET', '/v1/models', null );
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$names = isset( $answer['data'] ) && is_array( $answer['data'] ) ? wp_list_pluck( $answer['data'], 'id' ) : array();
		$names = array_values( array_filter( $names, 'is_string' ) );
		return $names ? $names : Fault::nonsense( $this->settings->get( 'address' ) );
	}

	/**
	 * Makes a call.
	 *
	 * @param string     $method GET or POST.
	 * @param string     $path   Below the server's address.
	 * @param array|null $fields Of the body.
	 * @return array|WP_Error The answer's JSON.
	 */
	private function call( string $method, string $path, ?array $fields ) {
		$address = (string) $this->settings->get( 'address' );
		if ( '' === $address ) {
			return Fault::no_address();
		}
		$headers = array( 'Accept' => 'application/json' );
		$token   = (string) $this->settings->get( 'token' );
		if ( '' !== $token ) {
			$headers['Authorization'] = 'Bearer ' . $token;
		}
		$request = array(
			'method'              => $method,
			'timeout'             => (int) $this->settings->get( 'timeout' ),
			'redirection'         => 0, // The token goes nowhere else.
			'headers'             => $headers,
			'limit_response_size' => self::LONGEST,
		);
		if ( null !== $fields ) {
			$request['headers']['Content-Type'] = 'application/json';
			$request['body']                    = wp_json_encode( $fields );
		}
		// Not wp_safe_remote_request: the server usually stands on this machine or in a private network.
		$response = wp_remote_request( $address . $path, $request );
		if ( is_wp_error( $response ) ) {
			return Fault::not_reached( $response, $address );
		}
		$json = json_decode( wp_remote_retrieve_body( $response ), true );
		if ( 200 !== wp_remote_retrieve_response_code( $response ) ) {
			return Fault::refused( $response, $json, $address );
		}
		return is_array( $json ) ? $json : Fault::nonsense( $address );
	}

	/**
	 * Has WordPress trust the authority that OCELLI_ALT_TEXT_CA_FILE names, for calls of this server by anyone.
	 *
	 * @param array  $request Arguments of a call.
	 * @param string $url     Whom it goes to.
	 * @return array
	 */
	public function trust( $request, $url ) {
		$authority = $this->settings->authority();
		$address   = (string) $this->settings->get( 'address' );
		if ( '' !== $authority && '' !== $address && 0 === strpos( (string) $url, $address . '/' ) ) {
			$request['sslcertificates'] = $authority;
		}
		return $request;
	}
}
