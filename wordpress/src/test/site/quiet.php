<?php
// A must-use plugin: pages ask nothing of the outside, and nothing is mailed.
remove_action( 'wp_head', 'print_emoji_detection_script', 7 );
remove_action( 'admin_print_scripts', 'print_emoji_detection_script' );
add_filter( 'emoji_svg_url', '__return_false' );
add_filter( 'pre_wp_mail', '__return_true' );
add_filter( 'should_load_remote_block_patterns', '__return_false' );
