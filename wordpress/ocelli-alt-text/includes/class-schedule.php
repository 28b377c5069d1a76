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
		self::begin();
		$at    = time() + $seconds;
		$known = wp_next_scheduled( self::WORK );
		if ( $known && $known <= $at ) {
			return;
		}
		// WordPress ignores an event within ten minutes of another one of the same name.
		wp_clear_scheduled_hook( self::WORK );
		wp_schedule_single_event( $at, self::WORK );
	}
}
