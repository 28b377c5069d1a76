package dev.ocelli.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebAddressTest {
  @ParameterizedTest
  @CsvSource({
    "https://example.com, /",
    "https://example.com//, //",
    "https://example.com//a//b?x=/y, //a//b?x=/y",
    "https://example.com?q=1, /?q=1",
    "http://example.com:8080/a b.jpg#top, /a%20b.jpg",
    "http://example.com/ü.jpg?ä=ö, /%C3%BC.jpg?%C3%A4=%C3%B6",
    "http://[2001:db8::1]/a, /a",
    "http://example.com/a|b[1].jpg?x=50%&y=%41#a#b, /a%7Cb%5B1%5D.jpg?x=50%25&y=%41",
    "http://example.com/go?to=http://other.example/a b, /go?to=http://other.example/a%20b"
  })
  void aRequestNamesPathAndQuery(String address, String target) {
    assertThat(WebAddress.of(address).target()).isEqualTo(target);
  }

  @ParameterizedTest
  @CsvSource({
    "http://my_service:8000/a, my_service, 8000",
    "https://müller.example/a, xn--mller-kva.example, 443",
    "http://EXAMPLE.com./a, example.com, 80"
  })
  void hostsInUseAreHosts(String address, String host, int port) {
    WebAddress found = WebAddress.of(address);
    assertThat(found.host()).isEqualTo(host);
    assertThat(found.port()).isEqualTo(port);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://user@my_host/", "http://a_b@c/", "http:///a", "http://a b/", "http://a|b/", "http://my_host:99x/", "ftp://a/", "//a/b"})
  void othersAreNone(String address) {
    assertThatThrownBy(() -> WebAddress.of(address)).isInstanceOf(FetchError.class);
  }

  @Test
  void aRedirectMayBeInUtf8() {
    String header = new String("/ü b.jpg".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    assertThat(WebAddress.of("http://example.com/x/").redirected(header).target()).isEqualTo("/%C3%BC%20b.jpg");
    assertThat(WebAddress.of("http://example.com/x/").redirected("y.jpg").target()).isEqualTo("/x/y.jpg");
  }
}
