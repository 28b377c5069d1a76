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

	/** Every hour, for what a killed process left behind. */
	const TICK = 'ocelli_alt_text_tick';

	/**
	 * The plugin is activated. On each site of a network the first upload does the same.
	 */
	public static function begin(): void {
		if ( ! wp_next_scheduled( self::TICK ) ) {
			wp_schedule_event( time() + HOUR_IN_SECONDS, 'hourly', self::TICK );
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
