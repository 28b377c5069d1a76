<?php
/**
 * The scripts of pages.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Puts a script into the page, with its translation, and the one stylesheet.
 */
final class Scripts {

	/**
	 * Puts a script of the folder assets into the page.
	 *
	 * @param string   $name  Of the file, without .js.
	 * @param string[] $needs Scripts of WordPress.
	 */
	public static function add( string $name, array $needs ): void {
		$handle = 'ocelli-alt-text-' . $name;
		wp_enqueue_script( $handle, plugins_url( 'assets/' . $name . '.js', FILE ), $needs, VERSION, true );
		wp_set_script_translations( $handle, 'ocelli-alt-text', dirname( FILE ) . '/languages' );
		wp_enqueue_style( 'ocelli-alt-text', plugins_url( 'assets/style.css', FILE ), array(), VERSION );
	}
}
