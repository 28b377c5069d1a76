<?php
/**
 * When the queue is worked on.
 *
 * @package Ocelli_Alt_Text
 */

namespace Ocelli\AltText;

defined( 'ABSPATH' ) || exit;

/**
 * The plugin's events in WordPress's schedule.
 */
final class Schedule {

	const WORK = 'ocelli_alt_text_work';

	/**
	 * Every minute, for what a killed process left behind. And WordPress keeps all events in one list that two requests may write at once:
	 * the later one wins, and an event of the other is lost.
	 */
	const TICK = 'ocelli_alt_text_tick';

	/** The name of that interval. */
	const MINUTE = 'ocelli_alt_text_minute';

	/**
	 * Adds the interval to those that WordPress knows.
	 *
	 * @param array $intervals By name.
	 */
	public static function intervals( $intervals ): array {
		$intervals[ self::MINUTE ] = array(
			'interval' => MINUTE_IN_SECONDS,
			'display'  => 'Ocelli Alt Text',
		);
		return $intervals;
	}

	/**
	 * The plugin is activated. On each site of a network the first upload does the same.
	 */
	public static function begin(): void {
		if ( ! wp_next_scheduled( self::TICK ) ) {
			add_filter( 'cron_schedules', array( self::class, 'intervals' ) ); // While the plugin is activated, nothing is hooked in yet.
			wp_schedule_event( time() + MINUTE_IN_SECONDS, self::MINUTE, self::TICK );
		}
	}

	/**
	 * The plugin is deactivated.
	 */
	public static function end(): void {
		wp_clear_scheduled_hook( self::WORK );
		wp_clear_scheduled_hook( self::TICK );
	}

	/**
	 * Has the queue worked on in so many seconds, or before. No request is made now.
	 *
	 * @param int $seconds From now.
	 */
	public static function work_in( int $seconds ): void {
		$at    = time() + $seconds;
		$known = wp_next_scheduled( self::WORK );
		if ( $known && $known <= $at && wp_next_scheduled( self::TICK ) ) {
			return;
		}
		if ( ! self::is_active() ) {
			return;
		}
		self::begin();
		$at = $known ? min( $at, $known ) : $at;
		// WordPress ignores an event within ten minutes of another one of the same name.
		wp_clear_scheduled_hook( self::WORK );
		wp_schedule_single_event( $at, self::WORK );
	}

	/**
	 * Whether the plugin is active still. A run that was under way when it was deactivated has loaded it, and would have itself called
	 * again for ever; so this is read anew.
	 */
	private static function is_active(): bool {
		$name = plugin_basename( FILE );
		wp_cache_delete( 'alloptions', 'options' );
		wp_cache_delete( 'active_plugins', 'options' );
		if ( in_array( $name, (array) get_option( 'active_plugins', array() ), true ) ) {
			return true;
		}
		if ( is_multisite() ) {
			wp_cache_delete( get_current_network_id() . ':active_sitewide_plugins', 'site-options' );
			$network = (array) get_site_option( 'active_sitewide_plugins', array() );
			if ( isset( $network[ $name ] ) ) {
				return true;
			}
		}
		return 0 === strpos( wp_normalize_path( FILE ), wp_normalize_path( WPMU_PLUGIN_DIR ) . '/' ); // Nobody activates what lies there.
	}
}
