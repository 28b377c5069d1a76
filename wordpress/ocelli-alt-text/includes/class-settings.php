<?php
/**
 * What the site's owner has set.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Reads and cleans the plugin's one option. wp-config.php may hold address and token instead:
 * OCELLI_ALT_TEXT_ADDRESS, OCELLI_ALT_TEXT_TOKEN, OCELLI_ALT_TEXT_CA_FILE.
 */
final class Settings {

	const OPTION = 'ocelli_alt_text_settings';
	const FIELDS = array( 'alt', 'caption', 'description' );

	/**
	 * What stands where nothing is set.
	 */
	public static function defaults(): array {
		return array(
			'address'   => 'http://127.0.0.1:8080',
			'token'     => '',
			'adapter'   => '',
			'timeout'   => 30,
			'send'      => 'bytes',
			'prompt'    => '',
			'context'   => '',
			'fields'    => array( 'alt' ),
			'longest'   => 160,
			'on_upload' => true,
			'review'    => false,
		);
	}

	/**
	 * One setting.
	 *
	 * @param string $name As in the defaults.
	 * @return mixed
	 */
	public function get( string $name ) {
		$constant = self::constant( $name );
		if ( '' !== $constant ) {
			return $constant;
		}
		$saved    = get_option( self::OPTION );
		$defaults = self::defaults();
		return is_array( $saved ) && isset( $saved[ $name ] ) ? $saved[ $name ] : $defaults[ $name ];
	}

	/**
	 * Whether wp-config.php has the last word.
	 *
	 * @param string $name Of the setting.
	 */
	public function is_fixed( string $name ): bool {
		return '' !== self::constant( $name );
	}

	/**
	 * Which texts are written.
	 *
	 * @return string[] Of FIELDS.
	 */
	public function fields(): array {
		return array_values( array_intersect( self::FIELDS, (array) $this->get( 'fields' ) ) );
	}

	/**
	 * File of the authority that signed the server's certificate, or ''.
	 */
	public function authority(): string {
		return defined( 'OCELLI_ALT_TEXT_CA_FILE' ) ? (string) OCELLI_ALT_TEXT_CA_FILE : '';
	}

	/**
	 * Who may say which server gets the pictures. On a network that is its administrator: the address may lead into
	 * the network the machine stands in.
	 */
	public static function connection_capability(): string {
		return is_multisite() ? 'manage_network_options' : 'manage_options';
	}

	/**
	 * Cleans what a form sends, and says what was wrong with it.
	 *
	 * @param mixed $given The form's fields.
	 * @return array What to save.
	 */
	public function clean( $given ): array {
		$given   = is_array( $given ) ? $given : array();
		$saved   = get_option( self::OPTION );
		$before  = array_merge( self::defaults(), is_array( $saved ) ? $saved : array() );
		$context = isset( $given['context'] ) ? $given['context'] : $before['context'];
		$after   = array(
			'address'   => $before['address'],
			'token'     => $before['token'],
			'adapter'   => sanitize_text_field( isset( $given['adapter'] ) ? $given['adapter'] : $before['adapter'] ),
			'timeout'   => self::between( $given, 'timeout', 5, 120, $before ),
			'send'      => isset( $given['send'] ) && 'address' === $given['send'] ? 'address' : 'bytes',
			'prompt'    => sanitize_textarea_field( isset( $given['prompt'] ) ? $given['prompt'] : $before['prompt'] ),
			'context'   => mb_substr( sanitize_textarea_field( $context ), 0, 500 ),
			'fields'    => array_values( array_intersect( self::FIELDS, isset( $given['fields'] ) ? (array) $given['fields'] : array() ) ),
			'longest'   => self::between( $given, 'longest', 40, 1000, $before ),
			'on_upload' => ! empty( $given['on_upload'] ),
			'review'    => ! empty( $given['review'] ),
		);
		if ( ! $after['fields'] ) {
			$after['fields'] = $before['fields'];
			self::complain( 'fields', __( 'Choose at least one text to fill. The former choice was kept.', 'ocelli-alt-text' ) );
		}
		if ( current_user_can( self::connection_capability() ) ) {
			$after = $this->connection( $given, $before, $after );
		}
		return $after;
	}

	/**
	 * Cleans address and token. A token is kept for the address it was given with only.
	 *
	 * @param array $given  The form's fields.
	 * @param array $before What is saved.
	 * @param array $after  What is to be saved, changed and given back.
	 */
	private function connection( array $given, array $before, array $after ): array {
		if ( isset( $given['address'] ) ) {
			$address = self::address( (string) $given['address'] );
			if ( '' === $address ) {
				self::complain( 'address', __( 'The server\'s address must look like http://127.0.0.1:8080. The former one was kept.', 'ocelli-alt-text' ) );
			} else {
				$after['address'] = $address;
				if ( $address !== $before['address'] ) {
					$after['token'] = '';
				}
			}
		}
		if ( ! empty( $given['forget_token'] ) ) {
			$after['token'] = '';
		} elseif ( isset( $given['token'] ) && '' !== trim( $given['token'] ) ) {
			$after['token'] = preg_replace( '/[^\x21-\x7e]/', '', $given['token'] );
		}
		return $after;
	}

	/**
	 * An address of a server, without a slash at its end.
	 *
	 * @param string $given Of the form.
	 * @return string '' where it is none.
	 */
	public static function address( string $given ): string {
		$address = untrailingslashit( esc_url_raw( trim( $given ), array( 'http', 'https' ) ) );
		$parts   = wp_parse_url( $address );
		$plain   = is_array( $parts ) && ! empty( $parts['host'] ) && ! array_diff_key( $parts, array_flip( array( 'scheme', 'host', 'port', 'path' ) ) );
		return $plain ? $address : '';
	}

	/**
	 * A whole number of the form within its limits.
	 *
	 * @param array  $given  The form's fields.
	 * @param string $name   Of the field.
	 * @param int    $least  Least value.
	 * @param int    $most   Greatest value.
	 * @param array  $before What is saved.
	 */
	private static function between( array $given, string $name, int $least, int $most, array $before ): int {
		return isset( $given[ $name ] ) ? max( $least, min( $most, (int) $given[ $name ] ) ) : (int) $before[ $name ];
	}

	/**
	 * Shows a complaint above the settings.
	 *
	 * @param string $field   Which setting.
	 * @param string $message What to show.
	 */
	private static function complain( string $field, string $message ): void {
		if ( function_exists( 'add_settings_error' ) ) {
			add_settings_error( self::OPTION, $field, $message );
		}
	}

	/**
	 * What wp-config.php says, or ''.
	 *
	 * @param string $name Of the setting.
	 */
	private static function constant( string $name ): string {
		$constants = array(
			'address' => 'OCELLI_ALT_TEXT_ADDRESS',
			'token'   => 'OCELLI_ALT_TEXT_TOKEN',
		);
		$value     = isset( $constants[ $name ] ) && defined( $constants[ $name ] ) ? (string) constant( $constants[ $name ] ) : '';
		return 'address' === $name ? rtrim( $value, '/' ) : $value;
	}
}
