<?php
/**
 * Plugin Name: Vision, as a developer writes it by hand
 * Description: The function of the article on calling a vision model from PHP. Only the address is this site's own.
 */

function bbioon_process_vlm_image( $image_id, $prompt ) {
	$image_url = wp_get_attachment_url( $image_id );
	$response  = wp_remote_post(
		'@ADDRESS@/v1/vision',
		array(
			'body'    => json_encode(
				array(
					'image_url' => $image_url,
					'prompt'    => $prompt,
					'adapter'   => 'q-former-v2',
					'use_lora'  => true,
				)
			),
			'timeout' => 30,
		)
	);
	if ( is_wp_error( $response ) ) {
		return 'Vision processing failed.';
	}
	$data = json_decode( wp_remote_retrieve_body( $response ), true );
	return $data['text'] ?? 'Vision processing failed.';
}
