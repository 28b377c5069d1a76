/**
 * The panel of the image block.
 */
( function ( wp ) {
	'use strict';
	const { __, sprintf } = wp.i18n;
	const { createElement: el, Fragment, useEffect, useRef, useState } = wp.element;
	const { Button, Notice, PanelBody } = wp.components;
	const SPACE = '/ocelli-alt-text/v1/images/';
	const PAUSE = 3000;

	/**
	 * A picture that was uploaded into the block gets its text in the background; once it is there the block takes it,
	 * unless somebody has written one.
	 */
	function useUploaded( id, alt, take ) {
		const written = useRef( alt );
		written.current = alt;
		useEffect( () => {
			let timer = null;
			let gone = false;
			let waited = false;
			const look = () =>
				wp.apiFetch( { path: SPACE + id } ).then(
					( answer ) => {
						if ( gone || written.current ) {
							return;
						}
						if ( answer.state === 'waiting' || answer.state === 'working' ) {
							waited = true;
							timer = window.setTimeout( look, PAUSE );
						} else if ( waited && answer.now.alt ) {
							take( answer.now.alt );
						}
					},
					() => {}
				);
			if ( id && ! alt ) {
				look();
			}
			return () => {
				gone = true;
				window.clearTimeout( timer );
			};
		}, [ id ] );
	}

	// Beside the block and not in its panel, which is there only while the block is selected and the sidebar shows it.
	function Uploaded( { id, alt, setAlt } ) {
		useUploaded( id, alt, ( text ) => accept( text, setAlt ) );
		return null;
	}

	function accept( text, setAlt ) {
		setAlt( text );
		/* translators: %s: the model's words. */
		wp.a11y.speak( sprintf( __( 'Alternative text: %s', 'ocelli-alt-text' ), text ) );
	}

	function Panel( { id, alt, setAlt } ) {
		const [ busy, setBusy ] = useState( false );
		const [ offer, setOffer ] = useState( '' );
		const [ failure, setFailure ] = useState( '' );
		const present = useRef( alt );
		present.current = alt;

		const take = ( text ) => {
			accept( text, setAlt );
			setOffer( '' );
		};

		const describe = () => {
			setBusy( true );
			setFailure( '' );
			setOffer( '' );
			wp.apiFetch( { path: SPACE + id + '/describe', method: 'POST', data: { save: true } } )
				.then( ( answer ) => ( present.current ? setOffer( answer.alt ) : take( answer.alt ) ) )
				.catch( ( error ) => {
					setFailure( error.message );
					wp.a11y.speak( error.message, 'assertive' );
				} )
				.finally( () => setBusy( false ) );
		};

		return el(
			PanelBody,
			{ title: __( 'Ocelli', 'ocelli-alt-text' ), className: 'ocelli-panel' },
			el(
				Button,
				{ variant: 'secondary', onClick: describe, isBusy: busy, disabled: busy, className: 'ocelli-describe' },
				__( 'Describe picture', 'ocelli-alt-text' )
			),
			failure && el( Notice, { status: 'error', isDismissible: false, className: 'ocelli-failure' }, failure ),
			offer &&
				el(
					'div',
					{ className: 'ocelli-offer' },
					/* translators: %s: the model's words. */
					el( 'p', null, sprintf( __( 'There is a text already. The model says: “%s”', 'ocelli-alt-text' ), offer ) ),
					el( Button, { variant: 'secondary', onClick: () => take( offer ) }, __( 'Replace the text', 'ocelli-alt-text' ) )
				)
		);
	}

	const withPanel = wp.compose.createHigherOrderComponent(
		( BlockEdit ) => ( props ) => {
			const { name, attributes, setAttributes } = props;
			if ( name !== 'core/image' || ! attributes.id ) {
				return el( BlockEdit, props );
			}
			const picture = { id: attributes.id, alt: attributes.alt || '', setAlt: ( alt ) => setAttributes( { alt } ) };
			return el(
				Fragment,
				null,
				el( BlockEdit, props ),
				el( Uploaded, picture ),
				el( wp.blockEditor.InspectorControls, null, el( Panel, picture ) )
			);
		},
		'withOcelliPanel'
	);
	wp.hooks.addFilter( 'editor.BlockEdit', 'ocelli-alt-text/panel', withPanel );
} )( window.wp );
