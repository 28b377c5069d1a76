/**
 * The buttons in the media modal, on a picture's own page and in the library's column.
 */
( function ( wp ) {
	'use strict';
	const { __, sprintf } = wp.i18n;
	const SPACE = '/ocelli-alt-text/v1/images/';
	const PAUSE = 5000;
	const MOST = 5;

	function send( image, path, data ) {
		return wp.apiFetch( { path: SPACE + image + path, method: 'POST', data } );
	}

	function say( box, text, failed ) {
		const said = box.querySelector( '.ocelli-said' );
		said.textContent = text;
		said.classList.toggle( 'ocelli-failed', !! failed );
		wp.a11y.speak( text, failed ? 'assertive' : 'polite' );
		return said;
	}

	// Only what is empty on the page is filled: what somebody is typing isn't saved yet.
	function fill( element, text, replace ) {
		if ( element && text && ( replace || element.value.trim() === '' ) ) {
			element.value = text;
		}
	}

	function show( box, image, now, replace ) {
		const modal = box.closest( '.attachment-details, .media-modal' );
		const names = { alt: 'alt', caption: 'caption', description: 'description' };
		if ( modal ) {
			Object.keys( names ).forEach( ( name ) =>
				fill( modal.querySelector( '[data-setting="' + name + '"] textarea, [data-setting="' + name + '"] input' ), now[ name ], replace )
			);
			if ( wp.media && wp.media.attachment ) {
				wp.media.attachment( image ).set( { alt: now.alt, caption: now.caption, description: now.description } );
			}
		}
		if ( document.body.classList.contains( 'post-type-attachment' ) ) {
			fill( document.getElementById( 'attachment_alt' ), now.alt, replace );
			fill( document.getElementById( 'attachment_caption' ), now.caption, replace );
			fill( document.getElementById( 'attachment_content' ), now.description, replace );
		}
		const cell = box.parentElement.querySelector( '.ocelli-alt' );
		if ( cell && now.alt ) {
			cell.textContent = now.alt;
			cell.classList.remove( 'ocelli-none' );
		}
	}

	function offer( box, image, texts ) {
		// What is replaced is what is shown, and no other text.
		const shown = Object.keys( texts )[ 0 ];
		const words = texts[ shown ] || '';
		/* translators: %s: the model's words. */
		const said = say( box, sprintf( __( 'There is a text already. The model says: “%s”', 'ocelli-alt-text' ), words ) );
		const use = document.createElement( 'button' );
		use.type = 'button';
		use.className = 'button button-small';
		use.textContent = __( 'Replace the text', 'ocelli-alt-text' );
		use.addEventListener( 'click', () => {
			use.disabled = true;
			send( image, '/texts', { texts: { [ shown ]: words }, replace: 'all' } ).then(
				( answer ) => {
					show( box, image, answer.now, true );
					say( box, __( 'Replaced.', 'ocelli-alt-text' ) );
				},
				( error ) => say( box, error.message, true )
			);
		} );
		said.append( document.createElement( 'br' ), use );
	}

	function describe( box, image, button ) {
		button.disabled = true;
		say( box, __( 'Looking at the picture …', 'ocelli-alt-text' ) );
		send( image, '/describe', { save: true } )
			.then( ( answer ) => {
				if ( Object.keys( answer.saved ).length ) {
					show( box, image, answer.now, false );
					/* translators: %s: the model's words. */
					say( box, sprintf( __( 'Saved: “%s”', 'ocelli-alt-text' ), Object.values( answer.saved )[ 0 ] ) );
				} else {
					offer( box, image, answer.texts );
				}
			} )
			.catch( ( error ) => say( box, error.message, true ) )
			.finally( () => {
				button.disabled = false;
			} );
	}

	function decorate( box, image, button ) {
		const decorative = button.dataset.ocelliDecorative === '1';
		send( image, '/decorative', { decorative } ).then(
			() => {
				button.dataset.ocelliDecorative = decorative ? '0' : '1';
				button.textContent = decorative ? __( 'Not decorative', 'ocelli-alt-text' ) : __( 'Decorative', 'ocelli-alt-text' );
				say( box, decorative ? __( 'Decorative: needs no text.', 'ocelli-alt-text' ) : '' );
			},
			( error ) => say( box, error.message, true )
		);
	}

	document.addEventListener( 'click', ( event ) => {
		const button = event.target.closest( '[data-ocelli-describe], [data-ocelli-decorative]' );
		if ( ! button ) {
			return;
		}
		const box = button.closest( '[data-ocelli-image]' );
		const image = parseInt( box.dataset.ocelliImage, 10 );
		if ( 'ocelliDescribe' in button.dataset ) {
			describe( box, image, button );
		} else {
			decorate( box, image, button );
		}
	} );

	// Pictures that were just uploaded get their texts while somebody looks at them.
	function look() {
		const waiting = document.querySelectorAll( '[data-ocelli-waits]' );
		Array.from( waiting )
			.slice( 0, MOST )
			.forEach( ( mark ) => {
				const box = mark.closest( '[data-ocelli-image]' );
				const image = parseInt( box.dataset.ocelliImage, 10 );
				wp.apiFetch( { path: SPACE + image } ).then(
					( answer ) => {
						if ( answer.state === 'waiting' || answer.state === 'working' ) {
							return;
						}
						show( box, image, answer.now, false );
						if ( answer.state === 'failed' ) {
							say( box, answer.error, true );
						} else {
							say( box, answer.state === 'review' ? __( 'Has a text to review.', 'ocelli-alt-text' ) : __( 'Described.', 'ocelli-alt-text' ) );
						}
					},
					() => mark.remove()
				);
			} );
	}
	window.setInterval( look, PAUSE );
} )( window.wp );
