/**
 * The page of the queue: progress, pause, review.
 */
( function ( wp ) {
	'use strict';
	const { __, _n, sprintf } = wp.i18n;
	const SPACE = '/ocelli-alt-text/v1';
	const PAUSE = 3000;
	const page = document.getElementById( 'ocelli-queue' );
	const part = ( name ) => page.querySelector( '[data-ocelli="' + name + '"]' );
	const labels = {
		alt: __( 'Alternative text', 'ocelli-alt-text' ),
		caption: __( 'Caption', 'ocelli-alt-text' ),
		description: __( 'Description', 'ocelli-alt-text' ),
	};
	let status = null;
	let pace = null; // when this page began to watch, and how many were done then
	let working = false;

	const get = ( path ) => wp.apiFetch( { path: SPACE + path } );
	const post = ( path, data ) => wp.apiFetch( { path: SPACE + path, method: 'POST', data: data || {} } );

	function element( name, properties, ...children ) {
		const made = Object.assign( document.createElement( name ), properties );
		made.append( ...children );
		return made;
	}

	function complain( error ) {
		part( 'trouble' ).hidden = false;
		part( 'trouble' ).textContent = error.message;
		wp.a11y.speak( error.message, 'assertive' );
	}

	function span( seconds ) {
		if ( seconds < 90 ) {
			/* translators: %d: number of seconds. */
			return sprintf( _n( '%d second', '%d seconds', seconds, 'ocelli-alt-text' ), seconds );
		}
		const minutes = Math.round( seconds / 60 );
		/* translators: %d: number of minutes. */
		return sprintf( _n( '%d minute', '%d minutes', minutes, 'ocelli-alt-text' ), minutes );
	}

	function timeLeft( done, total ) {
		if ( ! pace || done < pace.done ) {
			pace = { done, at: Date.now() };
		}
		const passed = ( Date.now() - pace.at ) / 1000;
		if ( done - pace.done < 3 || done >= total ) {
			return '';
		}
		const left = Math.ceil( ( passed / ( done - pace.done ) ) * ( total - done ) );
		/* translators: %s: as in "5 minutes". */
		return ' ' + sprintf( __( 'About %s left.', 'ocelli-alt-text' ), span( left ) );
	}

	function show( said ) {
		const answer = Object.assign( {}, status, said );
		status = answer;
		const waits = answer.counts.waiting + answer.counts.working;
		part( 'summary' ).textContent =
			/* translators: 1: number of pictures, 2: number of pictures without texts. */
			sprintf( __( '%1$d pictures, %2$d without text.', 'ocelli-alt-text' ), answer.pictures, answer.lacking ) +
			( answer.counts.decorative
				? /* translators: %d: number of pictures. */
				  ' ' + sprintf( _n( '%d is decorative.', '%d are decorative.', answer.counts.decorative, 'ocelli-alt-text' ), answer.counts.decorative )
				: '' );
		part( 'running' ).hidden = waits === 0;
		part( 'bar' ).max = Math.max( 1, answer.progress.total );
		part( 'bar' ).value = answer.progress.done;
		part( 'progress' ).textContent =
			/* translators: 1: number of pictures done, 2: number of pictures. */
			sprintf( __( '%1$d of %2$d done.', 'ocelli-alt-text' ), answer.progress.done, answer.progress.total ) +
			( answer.paused ? ' ' + __( 'Paused.', 'ocelli-alt-text' ) : timeLeft( answer.progress.done, answer.progress.total ) );
		part( 'pause' ).hidden = waits === 0 && ! answer.paused;
		part( 'pause' ).textContent = answer.paused ? __( 'Resume', 'ocelli-alt-text' ) : __( 'Pause', 'ocelli-alt-text' );
		part( 'clear' ).hidden = answer.counts.waiting === 0;
		const trouble = answer.trouble && waits > 0;
		part( 'trouble' ).hidden = ! trouble;
		if ( trouble ) {
			const again = answer.seconds > 0 ? /* translators: %s: as in "20 seconds". */ sprintf( __( 'Next try in %s; nothing is lost.', 'ocelli-alt-text' ), span( answer.seconds ) ) : '';
			part( 'trouble' ).textContent = answer.trouble + ' ' + again;
		}
		list( 'review', answer.counts.review, reviewItem );
		list( 'failed', answer.counts.failed, failedItem );
	}

	// A list is drawn anew only when it runs out or grows from nothing: somebody may be typing in it.
	function list( state, count, draw ) {
		const items = part( state + '-items' );
		part( state === 'review' ? 'reviews' : 'failures' ).hidden = count === 0 && items.children.length === 0;
		const shown = items.children.length;
		if ( items.dataset.loading || shown === Math.min( count, 20 ) || ( shown > 0 && items.querySelector( ':focus' ) ) ) {
			return;
		}
		items.dataset.loading = '1';
		get( '/queue/items?state=' + state )
			.then( ( found ) => {
				const kept = new Map( Array.from( items.children ).map( ( item ) => [ item.dataset.image, item ] ) );
				items.replaceChildren( ...found.map( ( item ) => kept.get( String( item.id ) ) || draw( item ) ) );
			}, complain )
			.finally( () => {
				delete items.dataset.loading;
			} );
	}

	function picture( item ) {
		const image = element( 'img', { src: item.thumb, alt: '', loading: 'lazy' } );
		const name = element( 'a', { href: item.link, textContent: item.name } );
		return [ image, name ];
	}

	function reviewItem( item ) {
		const [ image, name ] = picture( item );
		const fields = Object.keys( item.texts ).map( ( field ) => {
			const text = element( 'textarea', { value: item.texts[ field ], rows: 2 } );
			text.dataset.field = field;
			const present = item.now[ field ];
			return element(
				'label',
				{},
				labels[ field ],
				text,
				/* translators: %s: a text. */
				present ? element( 'span', { className: 'description', textContent: sprintf( __( 'Now: %s', 'ocelli-alt-text' ), present ) } ) : ''
			);
		} );
		const save = element( 'button', { type: 'button', className: 'button button-primary', textContent: __( 'Save', 'ocelli-alt-text' ) } );
		const discard = element( 'button', { type: 'button', className: 'button', textContent: __( 'Discard', 'ocelli-alt-text' ) } );
		const said = element( 'span', { className: 'ocelli-said' } );
		said.setAttribute( 'role', 'status' );
		const made = element( 'li', {}, image, element( 'div', {}, name, ...fields, element( 'p', {}, save, ' ', discard, ' ', said ) ) );
		made.dataset.image = item.id;
		save.addEventListener( 'click', () => decide( made, false ) );
		discard.addEventListener( 'click', () => decide( made, true ) );
		return made;
	}

	function failedItem( item ) {
		const made = element( 'li', {}, picture( item )[ 0 ], element( 'div', {}, picture( item )[ 1 ], element( 'p', { className: 'ocelli-failed', textContent: item.error } ) ) );
		made.dataset.image = item.id;
		return made;
	}

	function decide( item, discard ) {
		const texts = {};
		item.querySelectorAll( 'textarea' ).forEach( ( text ) => {
			texts[ text.dataset.field ] = text.value;
		} );
		// Nothing to save is nothing wanted.
		discard = discard || Object.values( texts ).every( ( text ) => text.trim() === '' );
		item.querySelectorAll( 'button' ).forEach( ( button ) => {
			button.disabled = true;
		} );
		return post( '/images/' + item.dataset.image + '/review', { texts, discard } ).then(
			( answer ) => {
				const kept = ! discard && Object.keys( answer.saved ).length === 0;
				const words = kept ? __( 'Somebody has written a text meanwhile; that one was kept.', 'ocelli-alt-text' ) : __( 'Done.', 'ocelli-alt-text' );
				wp.a11y.speak( words );
				if ( kept ) {
					item.querySelector( '.ocelli-said' ).textContent = words;
				} else {
					item.remove();
				}
			},
			( error ) => {
				item.querySelector( '.ocelli-said' ).textContent = error.message;
				item.querySelectorAll( 'button' ).forEach( ( button ) => {
					button.disabled = false;
				} );
			}
		);
	}

	function add( before ) {
		return post( '/queue/add', { before, review: part( 'review' ).checked, renew: part( 'renew' ).checked } ).then( ( answer ) => {
			show( answer );
			return answer.next ? add( answer.next ) : answer;
		} );
	}

	let delay = PAUSE;

	// While this page is open it has the pictures done one after the other; else WordPress's schedule does.
	function tick() {
		const waits = status && status.counts.waiting > 0;
		const step = waits && ! status.paused && status.seconds === 0 && ! working;
		working = true;
		let fine = false;
		( step ? post( '/queue/work' ) : get( '/queue' ) )
			.then( ( answer ) => {
				fine = true;
				show( answer );
			}, complain )
			.finally( () => {
				working = false;
				// A site that fails is asked more and more rarely.
				delay = fine ? PAUSE : Math.min( 2 * delay, 60000 );
				const more = fine && status.counts.waiting > 0 && ! status.paused && status.seconds === 0;
				window.setTimeout( tick, more ? 0 : delay );
			} );
	}

	part( 'start' ).addEventListener( 'click', ( event ) => {
		event.target.disabled = true;
		pace = null;
		add( 0 )
			.catch( complain )
			.finally( () => {
				event.target.disabled = false;
			} );
	} );
	part( 'pause' ).addEventListener( 'click', () => {
		pace = null;
		post( '/queue/pause', { paused: ! status.paused } ).then( show, complain );
	} );
	part( 'clear' ).addEventListener( 'click', () => post( '/queue/clear' ).then( show, complain ) );
	part( 'retry' ).addEventListener( 'click', () =>
		post( '/queue/retry' ).then( ( answer ) => {
			part( 'failed-items' ).replaceChildren();
			show( answer );
		}, complain )
	);
	part( 'save-all' ).addEventListener( 'click', async ( event ) => {
		event.target.disabled = true;
		for ( const item of Array.from( part( 'review-items' ).children ) ) {
			await decide( item, false );
		}
		event.target.disabled = false;
		get( '/queue' ).then( show, complain );
	} );
	tick();
} )( window.wp );
