<?php
/**
 * The page of the queue.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Media, Alternative texts: progress, pause, review. queue.js fills it.
 */
final class Queue_Page {

	const SLUG = 'ocelli-alt-text-queue';

	/**
	 * Hooks it in.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'menu' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'scripts' ) );
	}

	/**
	 * Adds the page to the menu.
	 */
	public function menu(): void {
		$title = __( 'Alternative texts', 'ocelli-alt-text' );
		add_media_page( $title, $title, Rest_Queue::capability(), self::SLUG, array( $this, 'show' ) );
	}

	/**
	 * Puts the script into the page.
	 *
	 * @param string $page Of the administration.
	 */
	public function scripts( $page ): void {
		if ( 'media_page_' . self::SLUG === $page ) {
			Scripts::add( 'queue', array( 'wp-a11y', 'wp-api-fetch', 'wp-i18n' ) );
		}
	}

	/**
	 * Shows the page's frame.
	 */
	public function show(): void {
		?>
		<div class="wrap ocelli-queue" id="ocelli-queue">
			<h1><?php esc_html_e( 'Alternative texts', 'ocelli-alt-text' ); ?></h1>
			<noscript><div class="notice notice-error"><p><?php esc_html_e( 'This page needs JavaScript.', 'ocelli-alt-text' ); ?></p></div></noscript>
			<div class="ocelli-card">
				<p class="ocelli-summary" data-ocelli="summary"></p>
				<div data-ocelli="running" hidden>
					<progress data-ocelli="bar" max="1" value="0" aria-label="<?php esc_attr_e( 'Pictures described', 'ocelli-alt-text' ); ?>"></progress>
					<span data-ocelli="progress"></span>
				</div>
				<p class="ocelli-trouble" data-ocelli="trouble" role="status" hidden></p>
				<p>
					<label><input type="checkbox" data-ocelli="review" checked> <?php esc_html_e( 'Let me review each text before it is saved', 'ocelli-alt-text' ); ?></label><br>
					<label><input type="checkbox" data-ocelli="renew"> <?php esc_html_e( 'Also renew texts that Ocelli wrote and nobody has changed', 'ocelli-alt-text' ); ?></label>
				</p>
				<p>
					<button type="button" class="button button-primary" data-ocelli="start"><?php esc_html_e( 'Describe all pictures without text', 'ocelli-alt-text' ); ?></button>
					<button type="button" class="button" data-ocelli="pause" hidden></button>
					<button type="button" class="button" data-ocelli="clear" hidden><?php esc_html_e( 'Empty the queue', 'ocelli-alt-text' ); ?></button>
				</p>
				<p class="description"><?php esc_html_e( 'Texts that somebody wrote by hand are never replaced. The queue goes on in the background when you leave this page.', 'ocelli-alt-text' ); ?></p>
			</div>
			<div data-ocelli="reviews" hidden>
				<h2><?php esc_html_e( 'To review', 'ocelli-alt-text' ); ?></h2>
				<p><button type="button" class="button" data-ocelli="save-all"><?php esc_html_e( 'Save all on this page', 'ocelli-alt-text' ); ?></button></p>
				<ul class="ocelli-items" data-ocelli="review-items"></ul>
			</div>
			<div data-ocelli="failures" hidden>
				<h2><?php esc_html_e( 'Failed', 'ocelli-alt-text' ); ?></h2>
				<p><button type="button" class="button" data-ocelli="retry"><?php esc_html_e( 'Try again', 'ocelli-alt-text' ); ?></button></p>
				<ul class="ocelli-items" data-ocelli="failed-items"></ul>
			</div>
		</div>
		<?php
	}
}
