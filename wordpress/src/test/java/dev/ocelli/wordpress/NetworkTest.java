package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A network of two sites, and what is left of the plugin when it goes. */
@Tag("system")
class NetworkTest {
  private static final String COUNT =
      """
      global $wpdb;
      $left = array();
      foreach ( array( 1, 2 ) as $site ) {
        switch_to_blog( $site );
        $left[] = (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE 'ocelli%%'" )
          + (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->postmeta WHERE meta_key LIKE '%%ocelli%%'" )
          + count( array_filter( array_keys( array_merge( ...array_values( array_filter( _get_cron_array(), 'is_array' ) ) ) ), function ( $h ) { return 0 === strpos( $h, 'ocelli' ); } ) );
        restore_current_blog();
      }
      return $left;
      """;

  @Test
  void eachSiteHasItsOwnQueueAndAllIsTakenAway() throws IOException {
    try (Site site = new Site();
        StandIn server = new StandIn(asked -> StandIn.Reply.text("words for " + asked.json().path("prompt").asText()))) {
      site.php(
          """
          require_once ABSPATH . 'wp-admin/includes/network.php';
          require_once ABSPATH . 'wp-admin/includes/upgrade.php';
          global $wpdb;
          foreach ( $wpdb->tables( 'ms_global' ) as $table => $name ) {
            $wpdb->$table = $name;
          }
          deactivate_plugins( 'ocelli-alt-text/ocelli-alt-text.php' );
          install_network();
          populate_network( 1, '%s', 'admin@example.org', 'A network', '/', false );
          """,
          site.host());
      Path config = site.folder().resolve("wp-config.php");
      String network =
          """
          define( 'WP_ALLOW_MULTISITE', true );
          define( 'MULTISITE', true );
          define( 'SUBDOMAIN_INSTALL', false );
          define( 'DOMAIN_CURRENT_SITE', '%s' );
          define( 'PATH_CURRENT_SITE', '/' );
          define( 'SITE_ID_CURRENT_SITE', 1 );
          define( 'BLOG_ID_CURRENT_SITE', 1 );
          $table_prefix"""
              .formatted(site.host());
      Files.writeString(config, Files.readString(config).replace("$table_prefix", network));
      JsonNode made =
          site.php(
              """
              $e = activate_plugin( 'ocelli-alt-text/ocelli-alt-text.php', '', true );
              $two = wp_insert_site( array( 'domain' => '%s', 'path' => '/two/', 'title' => 'Two', 'user_id' => 1 ) );
              return array( is_wp_error( $e ) ? $e->get_error_message() : '', is_multisite(), is_wp_error( $two ) ? $two->get_error_message() : $two );
              """,
              site.host());
      assertThat(made.toString()).isEqualTo("[\"\",true,2]");
      // A site's own administrator must not point the server into the network's machines.
      assertThat(site.php("return Ocelli\\AltText\\Settings::connection_capability();").asText()).isEqualTo("manage_network_options");
      for (int i = 1; i <= 2; i++) {
        String alt =
            site.php(
                    """
                    switch_to_blog( %d );
                    update_option( 'ocelli_alt_text_settings', array_merge( Ocelli\\AltText\\Settings::defaults(), array( 'address' => '%s', 'prompt' => '{site}' ) ) );
                    $u  = wp_upload_bits( 'p.png', null, file_get_contents( '%s' ) );
                    $id = wp_insert_attachment( array( 'post_mime_type' => 'image/png', 'post_title' => 'p' ), $u['file'] );
                    do_action( 'ocelli_alt_text_work' );
                    return get_post_meta( $id, '_wp_attachment_image_alt', true );
                    """,
                    i, server.address(), OcelliServe.drawing(0))
                .asText();
        assertThat(alt).isEqualTo(i == 1 ? "Words for Oak & Elm" : "Words for Two");
      }
      JsonNode before = site.php(COUNT);
      assertThat(before.get(0).asInt()).isPositive();
      assertThat(before.get(1).asInt()).isPositive();
      site.php("deactivate_plugins( 'ocelli-alt-text/ocelli-alt-text.php' ); uninstall_plugin( 'ocelli-alt-text/ocelli-alt-text.php' );");
      assertThat(site.php(COUNT).toString()).isEqualTo("[0,0]");
      assertThat(site.php("global $wpdb; return $wpdb->get_var( \"SELECT COUNT(*) FROM $wpdb->postmeta WHERE meta_key = '_wp_attachment_image_alt'\" );").asInt())
          .as("the texts are the site's")
          .isEqualTo(1);
    }
  }

  @Test
  void aSingleSiteIsLeftCleanToo() {
    try (Site site = new Site()) {
      site.set("'address' => 'http://127.0.0.1:9'");
      int image = new Person(site, "admin").upload(OcelliServe.drawing(0));
      site.php("do_action( 'ocelli_alt_text_work' ); update_option( 'ocelli_alt_text_paused', 1 );");
      assertThat(site.texts(image).state()).isEqualTo("waiting");
      // A run under way has the plugin loaded, and in memory that it is active; it must not have itself called again.
      String behind =
          """
          global $wpdb;
          get_option( 'active_plugins' );
          $wpdb->update( $wpdb->options, array( 'option_value' => 'a:0:{}' ), array( 'option_name' => 'active_plugins' ) );
          Ocelli\\AltText\\Schedule::end();
          Ocelli\\AltText\\Schedule::work_in( 0 );
          return array( wp_next_scheduled( 'ocelli_alt_text_work' ), wp_next_scheduled( 'ocelli_alt_text_tick' ) );
          """;
      // WordPress's own writes of the list of events lose those of others, so none must be under way.
      Processes.await("no run", () -> site.php("return false === get_transient( 'doing_cron' );").asBoolean());
      assertThat(site.php(behind).toString()).isEqualTo("[false,false]");
      site.php("activate_plugin( 'ocelli-alt-text/ocelli-alt-text.php' ); Ocelli\\AltText\\Schedule::work_in( 600 );");
      assertThat(site.php("return wp_next_scheduled( 'ocelli_alt_text_work' ) - time();").asInt()).isBetween(500, 600);
      site.php("deactivate_plugins( 'ocelli-alt-text/ocelli-alt-text.php' );");
      assertThat(site.php("return array( wp_next_scheduled( 'ocelli_alt_text_work' ), wp_next_scheduled( 'ocelli_alt_text_tick' ) );").toString())
          .isEqualTo("[false,false]");
      site.php("uninstall_plugin( 'ocelli-alt-text/ocelli-alt-text.php' );");
      String left =
          """
          global $wpdb;
          return (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE '%%ocelli%%' AND option_name <> 'active_plugins'" )
            + (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->postmeta WHERE meta_key LIKE '%%ocelli%%'" );
          """;
      assertThat(site.php(left).asInt()).isZero();
    }
  }
}
