<?php
/**
 * The fields of the settings.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * Shows each setting; a function has its setting's name.
 */
final class Settings_Fields {

	/**
	 * What is set.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Nothing is shown yet.
	 *
	 * @param Settings $settings What is set.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * What stands before a setting.
	 *
	 * @param string $name Of the setting.
	 */
	public function title( string $name ): string {
		$titles = array(
			'address'   => __( 'Address', 'ocelli-alt-text' ),
			'token'     => __( 'Token', 'ocelli-alt-text' ),
			'adapter'   => __( 'Model', 'ocelli-alt-text' ),
			'send'      => __( 'Pictures are sent as', 'ocelli-alt-text' ),
			'timeout'   => __( 'Longest wait', 'ocelli-alt-text' ),
			'prompt'    => __( 'Prompt', 'ocelli-alt-text' ),
			'context'   => __( 'About the site', 'ocelli-alt-text' ),
			'fields'    => __( 'Fill where empty', 'ocelli-alt-text' ),
			'longest'   => __( 'Longest alternative text', 'ocelli-alt-text' ),
			'on_upload' => __( 'New pictures', 'ocelli-alt-text' ),
			'review'    => __( 'Review', 'ocelli-alt-text' ),
		);
		return $titles[ $name ];
	}

	/**
	 * Where the server is, and the test button.
	 */
	public function address(): void {
		$this->input( 'address', 'url', (string) $this->settings->get( 'address' ), ! $this->may_connect() || $this->settings->is_fixed( 'address' ) );
		if ( $this->may_connect() ) {
			printf( ' <button type="button" class="button" id="ocelli-test">%s</button>', esc_html__( 'Test', 'ocelli-alt-text' ) );
			echo '<div id="ocelli-test-said" role="status"></div>';
		}
		$this->note( __( 'Of ocelli serve, such as http://127.0.0.1:8080. The test uses what stands here, saved or not.', 'ocelli-alt-text' ) );
		$this->fixed( 'address', 'OCELLI_ALT_TEXT_ADDRESS' );
	}

	/**
	 * The token, which is never shown.
	 */
	public function token(): void {
		$fixed = ! $this->may_connect() || $this->settings->is_fixed( 'token' );
		$known = '' !== (string) $this->settings->get( 'token' );
		$hint  = $known ? __( 'A token is saved', 'ocelli-alt-text' ) : __( 'No token', 'ocelli-alt-text' );
		$this->input( 'token', 'password', '', $fixed, $hint );
		if ( $known && ! $fixed ) {
			printf( ' <label><input type="checkbox" name="%s[forget_token]" value="1"> %s</label>', esc_attr( Settings::OPTION ), esc_html__( 'Forget it', 'ocelli-alt-text' ) );
		}
		$this->note( __( 'What the server\'s --token-file holds. Leave it empty to keep what is saved; it is forgotten when the address changes.', 'ocelli-alt-text' ) );
		$this->fixed( 'token', 'OCELLI_ALT_TEXT_TOKEN' );
	}

	/**
	 * Which model answers.
	 */
	public function adapter(): void {
		$this->input( 'adapter', 'text', (string) $this->settings->get( 'adapter' ), false, __( 'The server\'s default', 'ocelli-alt-text' ), 'ocelli-models' );
		echo '<datalist id="ocelli-models"></datalist>';
		$this->note( __( 'The name of a run that the server has. The test lists them.', 'ocelli-alt-text' ) );
	}

	/**
	 * How pictures are sent.
	 */
	public function send(): void {
		$choices = array(
			'bytes'   => __( 'files: works wherever the server is', 'ocelli-alt-text' ),
			'address' => __( 'addresses: the server fetches them from this site', 'ocelli-alt-text' ),
		);
		printf( '<select id="ocelli-send" name="%s[send]">', esc_attr( Settings::OPTION ) );
		foreach ( $choices as $value => $words ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $value ), selected( $this->settings->get( 'send' ), $value, false ), esc_html( $words ) );
		}
		echo '</select>';
		$this->note( __( 'A picture that cannot be sent one way is sent the other. For a site in a private network the server must be started with --image-hosts.', 'ocelli-alt-text' ) );
	}

	/**
	 * How long an answer is waited for.
	 */
	public function timeout(): void {
		$this->number( 'timeout', 5, 120, __( 'seconds. The server itself gives up after 25.', 'ocelli-alt-text' ) );
	}

	/**
	 * What the model is asked.
	 */
	public function prompt(): void {
		$this->area( 'prompt', __( 'The model\'s own question', 'ocelli-alt-text' ) );
		$places = array();
		foreach ( Prompt::places() as $place => $meaning ) {
			$places[] = '<code>' . esc_html( $place ) . '</code> ' . esc_html( $meaning );
		}
		$this->note( __( 'Leave it empty for models that were trained on captions only: they know one question. Other models can be told more, as in: Describe this image for a reader who cannot see it. It stands in "{title}". {context}', 'ocelli-alt-text' ) );
		echo '<p class="description">' . wp_kses( implode( '; ', $places ), array( 'code' => array() ) ) . '</p>';
	}

	/**
	 * What is said about the site.
	 */
	public function context(): void {
		$this->area( 'context', __( 'We make garden furniture of oak.', 'ocelli-alt-text' ) );
		$this->note( __( 'Stands in the prompt for {context}. At most 500 characters.', 'ocelli-alt-text' ) );
	}

	/**
	 * Which texts are written.
	 */
	public function fields(): void {
		$words = array(
			'alt'         => __( 'Alternative text', 'ocelli-alt-text' ),
			'caption'     => __( 'Caption', 'ocelli-alt-text' ),
			'description' => __( 'Description', 'ocelli-alt-text' ),
		);
		echo '<fieldset><legend class="screen-reader-text">' . esc_html( $this->title( 'fields' ) ) . '</legend>';
		foreach ( $words as $field => $word ) {
			printf(
				'<label><input type="checkbox" name="%s[fields][]" value="%s"%s> %s</label><br>',
				esc_attr( Settings::OPTION ),
				esc_attr( $field ),
				checked( in_array( $field, $this->settings->fields(), true ), true, false ),
				esc_html( $word )
			);
		}
		echo '</fieldset>';
		$this->note( __( 'A text that is there already is never replaced unless somebody asks for it.', 'ocelli-alt-text' ) );
	}

	/**
	 * How long alternative texts are.
	 */
	public function longest(): void {
		$this->number( 'longest', 40, 1000, __( 'characters. A longer one ends after its last whole sentence, or word.', 'ocelli-alt-text' ) );
	}

	/**
	 * Whether uploads are described.
	 */
	public function on_upload(): void {
		$this->box( 'on_upload', __( 'Describe pictures after their upload, in the background', 'ocelli-alt-text' ) );
	}

	/**
	 * Whether those are reviewed.
	 */
	public function review(): void {
		$this->box( 'review', __( 'Let me review the texts of new pictures before they are saved (Media, Alternative texts)', 'ocelli-alt-text' ) );
	}

	/**
	 * Whether address and token may be changed.
	 */
	private function may_connect(): bool {
		return current_user_can( Settings::connection_capability() );
	}

	/**
	 * A line of text.
	 *
	 * @param string $name     Of the setting.
	 * @param string $type     Of the input.
	 * @param string $value    What stands in it.
	 * @param bool   $disabled Whether it may not be changed.
	 * @param string $hint     Shown where it is empty.
	 * @param string $choices  ID of its choices.
	 */
	private function input( string $name, string $type, string $value, bool $disabled, string $hint = '', string $choices = '' ): void {
		printf(
			'<input class="regular-text" id="ocelli-%1$s" name="%2$s[%1$s]" type="%3$s" value="%4$s" placeholder="%5$s" list="%6$s" autocomplete="%7$s" spellcheck="false"%8$s>',
			esc_attr( $name ),
			esc_attr( Settings::OPTION ),
			esc_attr( $type ),
			esc_attr( $value ),
			esc_attr( $hint ),
			esc_attr( $choices ),
			'password' === $type ? 'new-password' : 'off',
			disabled( $disabled, true, false )
		);
	}

	/**
	 * Lines of text.
	 *
	 * @param string $name Of the setting.
	 * @param string $hint Shown where it is empty.
	 */
	private function area( string $name, string $hint ): void {
		printf(
			'<textarea class="large-text" rows="3" id="ocelli-%1$s" name="%2$s[%1$s]" placeholder="%3$s">%4$s</textarea>',
			esc_attr( $name ),
			esc_attr( Settings::OPTION ),
			esc_attr( $hint ),
			esc_textarea( (string) $this->settings->get( $name ) )
		);
	}

	/**
	 * A whole number.
	 *
	 * @param string $name  Of the setting.
	 * @param int    $least Least value.
	 * @param int    $most  Greatest value.
	 * @param string $unit  What follows it.
	 */
	private function number( string $name, int $least, int $most, string $unit ): void {
		printf(
			'<input class="small-text" type="number" id="ocelli-%1$s" name="%2$s[%1$s]" value="%3$d" min="%4$d" max="%5$d"> %6$s',
			esc_attr( $name ),
			esc_attr( Settings::OPTION ),
			(int) $this->settings->get( $name ),
			(int) $least,
			(int) $most,
			esc_html( $unit )
		);
	}

	/**
	 * Yes or no.
	 *
	 * @param string $name  Of the setting.
	 * @param string $words What it means.
	 */
	private function box( string $name, string $words ): void {
		printf(
			'<label><input type="checkbox" name="%s[%s]" value="1"%s> %s</label>',
			esc_attr( Settings::OPTION ),
			esc_attr( $name ),
			checked( (bool) $this->settings->get( $name ), true, false ),
			esc_html( $words )
		);
	}

	/**
	 * An explanation.
	 *
	 * @param string $words To show.
	 */
	private function note( string $words ): void {
		echo '<p class="description">' . esc_html( $words ) . '</p>';
	}

	/**
	 * Says who has the last word on a setting.
	 *
	 * @param string $name     Of the setting.
	 * @param string $constant That may hold it.
	 */
	private function fixed( string $name, string $constant ): void {
		if ( $this->settings->is_fixed( $name ) ) {
			/* translators: %s: name of a constant. */
			$this->note( sprintf( __( 'Set by %s in wp-config.php.', 'ocelli-alt-text' ), $constant ) );
		}
	}
}
