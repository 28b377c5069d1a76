package dev.ocelli.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.RgbImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetching from sites that behave badly. */
class DownloadTest {
  @TempDir Path root;

  private BadSite site;

  @BeforeEach
  void start() throws IOException {
    site = new BadSite();
  }

  @AfterEach
  void stop() {
    site.close();
  }

  private DownloadSettings settings(int side, boolean tars, boolean retry) {
    List<String> allowed =
        Stream.of("good", "bad", "bad2", "bad3", "bad4", "bad5", "other", "busy", "days", "closed", "broken")
            .map(name -> name + ".example:" + site.port())
            .toList();
    // Long enough that a busy machine's own sites are never the slow one.
    return new DownloadSettings(
        Integer.MAX_VALUE, 42, tars, side, 16, 2, Duration.ZERO, Duration.ofSeconds(8), allowed, retry);
  }

  private Path table(Map<String, String> captions) throws IOException {
    Path table = root.resolve("cc.tsv");
    Files.write(table, captions.entrySet().stream().map(e -> e.getValue() + "\t" + e.getKey()).toList());
    return table;
  }

  /** Addresses with captions "caption 1", "caption 2". */
  private Path table(List<String> addresses) throws IOException {
    Map<String, String> captions = new LinkedHashMap<>();
    addresses.forEach(address -> captions.put(address, "caption " + (captions.size() + 1)));
    return table(captions);
  }

  private DownloadReport fetch(Path table, Path out, DownloadSettings settings) {
    Download.Result result = Download.into(table, out, settings, Progress.NONE, () -> false, BadSite::resolve);
    assertThat(result.finished()).isTrue();
    return result.report();
  }

  private Map<String, String> reasons(Path out) throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    for (String line : Files.readAllLines(out.resolve("failed.csv"))) {
      String[] columns = line.split(",", 4);
      reasons.put(columns[1].replaceFirst(":" + site.port(), ""), columns[2]);
    }
    reasons.remove("address");
    return reasons;
  }

  @Test
  void eachKindOfTroubleHasItsReason() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      addresses.add(site.address("good.example", "/ok/" + i));
    }
    for (String path : List.of("/copy-of-1", "/smaller-1", "/moved")) {
      addresses.add(site.address("other.example", path));
    }
    for (String path : List.of("/noai", "/gone", "/page", "/empty", "/round", "/small", "/cut", "/private/1", "/to-forbidden")) {
      addresses.add(site.address("bad.example", path));
    }
    for (String path : List.of("/to-inside", "/to-loopback", "/to-file", "/says-huge", "/says-small")) {
      addresses.add(site.address("bad2.example", path));
    }
    addresses.add(site.address("bad3.example", "/slow"));
    addresses.add(site.address("bad4.example", "/endless"));
    addresses.add(site.address("bad5.example", "/truncated"));
    addresses.add(site.address("busy.example", "/busy-once"));
    addresses.add(site.address("days.example", "/busy-for-days"));
    addresses.add(site.address("closed.example", "/ok/20"));
    addresses.add(site.address("broken.example", "/broken"));
    addresses.addAll(
        List.of(
            "http://unknown.example/a.jpg", "http://inside.example/a.jpg", "http://10.0.0.1/a.jpg", "http://169.254.169.254/latest/",
            "http://[::1]/a.jpg", "http://good.example:1/a.jpg", "ftp://good.example/a.jpg", "http://user@good.example/a.jpg"));
    Path table = table(addresses);
    Files.writeString(table, "no address here\nthree\tcolumns\thttp://good.example/\n\thttp://good.example/no-caption\n",
        StandardCharsets.UTF_8, java.nio.file.StandardOpenOption.APPEND);
    Path out = root.resolve("out");
    DownloadReport report = fetch(table, out, settings(384, false, false));

    Map<String, String> expected = new TreeMap<>();
    expected.put("http://other.example/copy-of-1", "duplicate");
    expected.put("http://other.example/smaller-1", "near_duplicate");
    expected.put("http://bad.example/noai", "robots");
    expected.put("http://bad.example/gone", "status");
    expected.put("http://bad.example/page", "no_picture");
    expected.put("http://bad.example/empty", "no_picture");
    expected.put("http://bad.example/round", "redirects");
    expected.put("http://bad.example/small", "small");
    expected.put("http://bad.example/cut", "damaged");
    expected.put("http://bad.example/private/1", "robots");
    expected.put("http://bad.example/to-forbidden", "robots");
    expected.put("http://bad2.example/to-inside", "private");
    expected.put("http://bad2.example/to-loopback", "private");
    expected.put("http://bad2.example/to-file", "address");
    expected.put("http://bad2.example/says-huge", "large");
    expected.put("http://bad2.example/says-small", "damaged");
    expected.put("http://bad3.example/slow", "slow");
    expected.put("http://bad4.example/endless", "large");
    expected.put("http://bad5.example/truncated", "connection");
    expected.put("http://days.example/busy-for-days", "given_up");
    expected.put("http://closed.example/ok/20", "robots");
    expected.put("http://broken.example/broken", "status");
    expected.put("http://unknown.example/a.jpg", "unknown_host");
    for (String address : List.of("http://inside.example/a.jpg", "http://10.0.0.1/a.jpg", "http://169.254.169.254/latest/",
        "http://[::1]/a.jpg", "http://good.example:1/a.jpg")) {
      expected.put(address, "private");
    }
    expected.put("http://user@good.example/a.jpg", "address");
    expected.put("", "row");
    assertThat(reasons(out)).containsExactlyEntriesOf(expected);
    assertThat(Files.readAllLines(out.resolve("captions.csv")).stream().map(line -> line.split(",")[1]))
        .containsExactly("caption", "caption 1", "caption 2", "caption 3", "caption 6", "caption 24");
    assertThat(report.pictures()).isEqualTo(5);
    assertThat(report.rows()).isEqualTo(addresses.size() + 3);
    assertThat(report.failed().values().stream().mapToInt(DownloadReport.Reason::rows).sum()).isEqualTo(report.rows() - 5);
    assertThat(report.failed().get(Failure.ROW).rows()).isEqualTo(4);

    assertThat(site.visits("/private/")).as("robots.txt forbids it").isZero();
    assertThat(site.visits("/secret") + site.visits("/ok/8")).as("a redirect into a private network").isZero();
    assertThat(site.visits("closed.example/ok")).as("no robots.txt, no pictures").isZero();
    assertThat(site.visits("days.example/busy")).isEqualTo(1);
    assertThat(site.visits("busy.example/busy")).isEqualTo(2);
    assertThat(site.tooEarly).as("Retry-After").isEmpty();
    assertThat(site.visits("bad.example/robots.txt")).isEqualTo(1);
    assertThat(site.mostActive.get("bad.example")).isLessThanOrEqualTo(2);
    try (Stream<Path> pictures = Files.walk(out.resolve("images"))) {
      assertThat(pictures.filter(Files::isRegularFile)).hasSize(5);
    }
    CaptionFolder folder = CaptionFolder.read(out, new SplitSettings(0, 0, 1));
    assertThat(folder.photos()).hasSize(5);
    RgbImage first = folder.photos().get(0).picture().rgb();
    assertThat(first.width()).isEqualTo(160);
  }

  @Test
  void picturesAreMadeSmaller() throws IOException {
    Path out = root.resolve("small");
    fetch(table(List.of(site.address("good.example", "/ok/1"))), out, settings(60, false, false));
    RgbImage image = ImageReader.read(out.resolve("images/00000/000000000.jpg"));
    assertThat(image.width()).isEqualTo(80);
    assertThat(image.height()).isEqualTo(60);
  }

  @Test
  void manyRequestsToOneHostComeTwoAtATime() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      addresses.add(site.address(i < 30 ? "good.example" : "other.example", "/ok/" + i));
    }
    Path out = root.resolve("polite");
    assertThat(fetch(table(addresses), out, settings(384, false, false)).pictures()).isEqualTo(60);
    assertThat(site.mostActive.values()).allMatch(most -> most <= 2).anyMatch(most -> most == 2);
    assertThat(site.visits("robots.txt")).isEqualTo(2);
  }

  @Test
  void whatIsStoppedGoesOnAndOtherTablesAreRefused() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < 80; i++) {
      addresses.add(site.address("good.example", "/ok/" + i % 70 + "?" + i));
    }
    Path table = table(addresses);
    Path out = root.resolve("stopped");
    DownloadSettings settings = settings(384, false, false);
    Download.Result first =
        Download.into(table, out, settings, Progress.NONE, () -> site.visits("/ok/") > 20, BadSite::resolve);
    assertThat(first.finished()).isFalse();
    assertThat(first.report().pictures()).isBetween(1, 79);
    assertThat(fetch(table, out, settings).pictures()).isEqualTo(70);
    long visits = site.visits("/ok/");
    assertThat(visits).as("only what was under way is asked for again").isBetween(80L, 80L + 16);
    assertThat(fetch(table, out, settings).failed().get(Failure.DUPLICATE).rows()).isEqualTo(10);
    assertThat(site.visits("/ok/")).as("a finished download asks for nothing").isEqualTo(visits);

    Path whole = root.resolve("whole");
    fetch(table, whole, settings);
    assertThat(contents(out)).isEqualTo(contents(whole));

    Path other = Files.writeString(root.resolve("other.tsv"), "a\thttp://good.example/\n");
    assertThatThrownBy(() -> fetch(other, out, settings)).isInstanceOf(UserError.class).hasMessageContaining("another table");
    assertThatThrownBy(() -> fetch(table, out, settings(100, false, false))).hasMessageContaining("another --side");
    assertThatThrownBy(() -> fetch(table, root, settings)).hasMessageContaining("other files");
  }

  /** All but the journal, whose order is that of the answers. */
  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> Files.isRegularFile(f) && !f.toString().endsWith(".jsonl")).toList()) {
        contents.put(folder.relativize(file).toString(), Sha256.of(file));
      }
    }
    return contents;
  }

  @Test
  void aJournalCutShortAndAPictureLostAreMadeGood() throws IOException {
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      addresses.add(site.address("good.example", "/ok/" + i));
    }
    Path table = table(addresses);
    Path out = root.resolve("cut");
    Download.into(table, out, settings(384, false, false), Progress.NONE, () -> site.visits("/ok/") > 10, BadSite::resolve);
    byte[] journal = Files.readAllBytes(out.resolve("download.jsonl"));
    Files.write(out.resolve("download.jsonl"), java.util.Arrays.copyOf(journal, journal.length - 5));
    try (Stream<Path> pictures = Files.walk(out.resolve("images"))) {
      Files.write(pictures.filter(Files::isRegularFile).findFirst().orElseThrow(), new byte[0]);
    }
    assertThat(fetch(table, out, settings(384, false, false)).pictures()).isEqualTo(20);
    assertThat(CaptionFolder.read(out, new SplitSettings(0, 0, 1)).photos()).allSatisfy(p -> p.picture().rgb());
  }

  @Test
  void failuresThatMayPassAreTriedAnewWhenAsked() throws IOException {
    Path table = table(List.of(site.address("good.example", "/ok/1"), site.address("good.example", "/gone"),
        site.address("bad.example", "/private/1")));
    Path out = root.resolve("retry");
    fetch(table, out, settings(384, false, false));
    long visits = site.visits("/gone");
    fetch(table, out, settings(384, false, true));
    assertThat(site.visits("/gone")).isEqualTo(visits + 1);
    assertThat(site.visits("/ok/1")).isEqualTo(1);
  }

  @Test
  void tarsHoldPicturesCaptionsAndWhatIsKnown() throws IOException {
    Map<String, String> captions = new LinkedHashMap<>();
    captions.put(site.address("good.example", "/ok/1"), "a \"quoted\" caption, with ümlauts");
    captions.put(site.address("good.example", "/gone"), "nothing");
    captions.put(site.address("good.example", "/ok/2"), "two");
    Path out = root.resolve("tars");
    DownloadReport report = fetch(table(captions), out, settings(384, true, false));
    assertThat(report.tars()).isEqualTo(1);
    assertThat(out.resolve("images")).doesNotExist();
    Map<String, byte[]> members = new LinkedHashMap<>();
    try (InputStream in = Files.newInputStream(out.resolve("00000.tar")); TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        tar.transferTo(bytes);
        members.put(entry.getName(), bytes.toByteArray());
      }
    }
    assertThat(members.keySet())
        .containsExactly("000000000.jpg", "000000000.txt", "000000000.json", "000000002.jpg", "000000002.txt", "000000002.json");
    assertThat(new String(members.get("000000000.txt"), StandardCharsets.UTF_8)).isEqualTo("a \"quoted\" caption, with ümlauts");
    assertThat(new String(members.get("000000002.json"), StandardCharsets.UTF_8)).contains("/ok/2", "\"width\":160");
    assertThat(ImageReader.read(members.get("000000002.jpg"), "it").height()).isEqualTo(120);
    String sha256 = Sha256.of(out.resolve("00000.tar"));
    assertThat(fetch(table(captions), out, settings(384, true, false))).isEqualTo(report);
    assertThat(Sha256.of(out.resolve("00000.tar"))).isEqualTo(sha256);
  }

  @Test
  void theSameSeedDrawsTheSameRows() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      lines.add("caption " + i + "\thttp://good.example/" + i);
    }
    Path table = Files.write(root.resolve("many.tsv"), lines);
    List<Integer> drawn = drawn(AddressTable.open(table, 100, 42));
    assertThat(drawn).hasSize(100).isSorted().isEqualTo(drawn(AddressTable.open(table, 100, 42)));
    assertThat(drawn(AddressTable.open(table, 200, 42))).containsAll(drawn);
    assertThat(drawn(AddressTable.open(table, 100, 43))).isNotEqualTo(drawn);
    assertThat(drawn.stream().collect(Collectors.averagingInt(i -> i))).isBetween(400.0, 600.0);
    assertThat(drawn(AddressTable.open(table, 5000, 42))).hasSize(1000);
  }

  private static List<Integer> drawn(AddressTable table) {
    List<Integer> drawn = new ArrayList<>();
    table.forEach(row -> drawn.add(row.number()));
    assertThat(table.chosen()).isEqualTo(drawn.size());
    return drawn;
  }

  @Test
  void tablesComeInEitherOrderAndWithNames() throws IOException {
    Path table = Files.writeString(root.resolve("cc12m.tsv"), "\uFEFFurl\tcaption\r\nhttps://a.example/1\tone\r\n\nhttp://a.example/2\ttwo");
    List<AddressTable.Row> rows = new ArrayList<>();
    AddressTable read = AddressTable.open(table, Integer.MAX_VALUE, 1);
    read.forEach(rows::add);
    assertThat(rows)
        .containsExactly(new AddressTable.Row(0, "one", "https://a.example/1"), new AddressTable.Row(1, "two", "http://a.example/2"));
    assertThat(read.sha256()).isEqualTo(Sha256.of(table));
    Path csv = Files.writeString(root.resolve("no.tsv"), "image,caption\na.jpg,b\n");
    assertThatThrownBy(() -> AddressTable.open(csv, 1, 1)).isInstanceOf(UserError.class).hasMessageContaining("no line with a caption");
  }
}
