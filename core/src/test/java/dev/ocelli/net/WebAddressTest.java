package dev.ocelli.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebAddressTest {
  @ParameterizedTest
  @CsvSource({
    "https://example.com, /",
    "https://example.com//, //",
    "https://example.com//a//b?x=/y, //a//b?x=/y",
    "https://example.com?q=1, /?q=1",
    "http://example.com:8080/a b.jpg#top, /a%20b.jpg",
    "http://example.com/ü.jpg?ä=ö, /%C3%BC.jpg?%C3%A4=%C3%B6",
    "http://[2001:db8::1]/a, /a"
  })
  void aRequestNamesPathAndQuery(String address, String target) {
    assertThat(WebAddress.of(address).target()).isEqualTo(target);
  }
}
