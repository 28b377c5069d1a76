/**
 * The test button of the settings.
 */
( function ( wp ) {
	'use strict';
	const { __ } = wp.i18n;
	const button = document.getElementById( 'ocelli-test' );
	const said = document.getElementById( 'ocelli-test-said' );
	if ( ! button ) {
		return;
	}

	function value( name ) {
		const element = document.getElementById( 'ocelli-' + name );
		return element && ! element.disabled ? element.value : '';
	}

	function say( text, kind ) {
		said.className = 'notice inline notice-' + kind;
		said.textContent = '';
		const line = document.createElement( 'p' );
		line.textContent = text;
		said.append( line );
	}

	button.addEventListener( 'click', () => {
		button.disabled = true;
		say( __( 'Asking the server …', 'ocelli-alt-text' ), 'info' );
		const data = { address: value( 'address' ), token: value( 'token' ), adapter: value( 'adapter' ) };
		wp.apiFetch( { path: '/ocelli-alt-text/v1/test', method: 'POST', data } )
			.then( ( answer ) => {
				say( answer.message, 'success' );
				const options = answer.models.map( ( name ) => {
					const option = document.createElement( 'option' );
					option.value = name;
					return option;
				} );
				document.getElementById( 'ocelli-models' ).replaceChildren( ...options );
			} )
			.catch( ( error ) => say( error.message, 'error' ) )
			.finally( () => {
				button.disabled = false;
			} );
	} );
} )( window.wp );
