<?php
/**
 * The page of the settings.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Settings, Ocelli Alt Text.
 */
final class Settings_Page {

	const SLUG = 'ocelli-alt-text';

	/**
	 * What is set.
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
	 * @param Settings $settings What is set.
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
		add_action( 'admin_menu', array( $this, 'menu' ) );
		add_action( 'admin_init', array( $this, 'fields' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'scripts' ) );
		add_filter( 'pre_update_option_' . Settings::OPTION, array( $this, 'saved' ) ); // Also where nothing was changed.
		add_filter( 'plugin_action_links_' . plugin_basename( FILE ), array( $this, 'links' ) );
	}

	/**
	 * Adds the page to the menu.
	 */
	public function menu(): void {
		add_options_page( __( 'Ocelli Alt Text', 'ocelli-alt-text' ), __( 'Ocelli Alt Text', 'ocelli-alt-text' ), 'manage_options', self::SLUG, array( $this, 'show' ) );
	}

	/**
	 * Puts the script into the page.
	 *
	 * @param string $page Of the administration.
	 */
	public function scripts( $page ): void {
		if ( 'settings_page_' . self::SLUG === $page ) {
			Scripts::add( 'settings', array( 'wp-a11y', 'wp-api-fetch', 'wp-i18n' ) );
		}
	}

	/**
	 * The server may be asked at once: perhaps this mended it.
	 *
	 * @param mixed $value What is saved.
	 * @return mixed The same.
	 */
	public function saved( $value ) {
		$this->trouble->forgive();
		Schedule::work_in( 0 );
		return $value;
	}

	/**
	 * A link in the list of plugins.
	 *
	 * @param string[] $links Of WordPress.
	 * @return string[]
	 */
	public function links( $links ) {
		$here = sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'options-general.php?page=' . self::SLUG ) ), esc_html__( 'Settings', 'ocelli-alt-text' ) );
		return array_merge( array( $here ), $links );
	}

	/**
	 * Names the settings.
	 */
	public function fields(): void {
		register_setting(
			self::SLUG,
			Settings::OPTION,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( $this->settings, 'clean' ),
			)
		);
		$fields   = new Settings_Fields( $this->settings );
		$sections = array(
			'server' => array( __( 'Server', 'ocelli-alt-text' ), array( 'address', 'token', 'adapter', 'send', 'timeout' ) ),
			'words'  => array( __( 'What is asked', 'ocelli-alt-text' ), array( 'prompt', 'context' ) ),
			'texts'  => array( __( 'What is written', 'ocelli-alt-text' ), array( 'fields', 'longest', 'on_upload', 'review' ) ),
		);
		foreach ( $sections as $section => list( $title, $names ) ) {
			add_settings_section( $section, $title, '__return_null', self::SLUG );
			foreach ( $names as $name ) {
				$label = in_array( $name, array( 'fields', 'on_upload', 'review' ), true ) ? array() : array( 'label_for' => 'ocelli-' . $name );
				add_settings_field( $name, $fields->title( $name ), array( $fields, $name ), self::SLUG, $section, $label );
			}
		}
	}

	/**
	 * Shows the page.
	 */
	public function show(): void {
		?>
		<div class="wrap ocelli-settings">
			<h1><?php esc_html_e( 'Ocelli Alt Text', 'ocelli-alt-text' ); ?></h1>
			<p><?php esc_html_e( 'Pictures are described by a model that you run yourself (ocelli serve). They go to the address below and nowhere else.', 'ocelli-alt-text' ); ?></p>
			<form action="options.php" method="post">
				<?php
				settings_fields( self::SLUG );
				do_settings_sections( self::SLUG );
				submit_button();
				?>
			</form>
		</div>
		<?php
	}
}
