<?php
/**
 * Puts the parts together.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Builds the parts and hooks them into WordPress.
 */
final class Plugin {

	/**
	 * What the site's owner has set.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Talks to the server.
	 *
	 * @var Client
	 */
	private $client;

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
	 * Works the queue off.
	 *
	 * @var Worker
	 */
	private $worker;

	/**
	 * Builds the parts; nothing is done yet.
	 */
	public function __construct() {
		$this->settings  = new Settings();
		$this->client    = new Client( $this->settings );
		$this->describer = new Describer( $this->client, new Picture( $this->settings ), new Prompt( $this->settings ) );
		$this->texts     = new Texts( $this->settings );
		$this->queue     = new Queue( new Library( $this->settings ) );
		$this->trouble   = new Trouble();
		$this->worker    = new Worker( $this->queue, $this->describer, $this->texts, $this->trouble );
	}

	/**
	 * Hooks the parts in.
	 */
	public function register(): void {
		add_action( 'init', array( $this, 'translate' ) );
		add_filter( 'http_request_args', array( $this->client, 'trust' ), 10, 2 );
		add_filter( 'cron_schedules', array( Schedule::class, 'intervals' ) );
		add_action( Schedule::WORK, array( $this->worker, 'in_background' ) );
		add_action( Schedule::TICK, array( $this->worker, 'in_background' ) );
		( new Uploads( $this->settings, $this->queue ) )->register();
		( new Rest_Images( $this->describer, $this->texts, $this->queue, $this->trouble ) )->register();
		( new Rest_Queue( $this->queue, $this->texts, $this->worker, $this->trouble ) )->register();
		( new Rest_Test( $this->settings, $this->trouble ) )->register();
		( new Block_Editor() )->register();
		if ( is_admin() ) {
			( new Settings_Page( $this->settings, $this->trouble ) )->register();
			( new Queue_Page() )->register();
			( new Media_Column( $this->queue ) )->register();
			( new Media_Filter() )->register();
			( new Media_Fields( $this->queue ) )->register();
			( new Notices( $this->trouble, $this->queue ) )->register();
		}
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			\WP_CLI::add_command( 'ocelli', new Command( $this->queue, $this->describer, $this->texts, $this->worker, $this->trouble ) );
		}
	}

	/**
	 * Loads the translation.
	 */
	public function translate(): void {
		load_plugin_textdomain( 'ocelli-alt-text', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}

	/**
	 * For ocelli_process_vlm_image().
	 */
	public function describer(): Describer {
		return $this->describer;
	}
}
