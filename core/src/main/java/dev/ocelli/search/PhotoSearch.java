package dev.ocelli.search;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.join.BitSetProducer;
import org.apache.lucene.search.join.DiversifyingChildrenFloatKnnVectorQuery;
import org.apache.lucene.search.join.QueryBitSetProducer;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BitSet;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.VectorUtil;

/**
 * Finds photos in an index, as it was committed when this was opened.
 *
 * <p>A text's similarity to a photo is its best product with one of the photo's vectors. Where the index is small, all are compared. Else a
 * graph (HNSW) leads to the photos with the likeliest vectors, more of them than are asked for, since the graph may know only a photo's
 * second best vector; then all vectors of those photos are compared. So similarities are always exact, and only who is looked at is not.
 */
public final class PhotoSearch implements AutoCloseable {
  /** How photos are looked for. */
  public enum Way {
    /** By the graph where there is one. */
    QUICK,
    /** All of them. */
    EXACT
  }

  /** How many photos the graph is asked for: so many times as many as are wanted, and no fewer than the least. */
  private static final int OVERFETCH = 4;

  private static final int LEAST = 64;
  private static final Term PHOTOS = new Term(PhotoIndex.KIND, PhotoIndex.PHOTO);

  private final Path folder;
  private final Directory directory;
  private final DirectoryReader reader;
  private final IndexIdentity identity;
  private final BitSetProducer photos = new QueryBitSetProducer(new TermQuery(PHOTOS));

  private PhotoSearch(Path folder, Directory directory, DirectoryReader reader, IndexIdentity identity) {
    this.folder = folder;
    this.directory = directory;
    this.reader = reader;
    this.identity = identity;
  }

  public static PhotoSearch open(Path folder) {
    check(folder);
    try {
      Directory directory = FSDirectory.open(PhotoIndex.vectors(folder));
      DirectoryReader reader = DirectoryReader.open(directory);
      return new PhotoSearch(folder, directory, reader, IndexIdentity.of(reader.getIndexCommit().getUserData(), folder));
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
  }

  /** Refuses what is no index. */
  public static void check(Path folder) {
    try {
      if (Files.isDirectory(PhotoIndex.vectors(folder))) {
        try (Directory directory = FSDirectory.open(PhotoIndex.vectors(folder))) {
          if (DirectoryReader.indexExists(directory)) {
            return;
          }
        }
      }
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
    throw UserError.of("%s is no index of photos. Make one: ocelli index --run RUN PHOTOS --out %s", folder, folder);
  }

  public IndexIdentity identity() {
    return identity;
  }

  /** How many photos there are. */
  public int photos() {
    try {
      return new IndexSearcher(reader).count(new TermQuery(PHOTOS));
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
  }

  /** Whether {@link Way#QUICK} is an approximation here. */
  public boolean hasGraph() {
    return reader.leaves().stream().anyMatch(leaf -> hasGraph(leaf.reader(), PhotoIndex.SEEN));
  }

  /**
   * The photos that fit a text best, best first.
   *
   * @param text as {@link dev.ocelli.eval.ImageTextScores#textVectors} gives it
   * @param best how many at most
   */
  public List<SearchHit> text(float[] text, int best, Way way) {
    checkSize(text, identity.width());
    return search(best, PhotoIndex.SEEN, way, (leaf, top) -> scan(leaf, text, top), (leaf, top) -> byGraph(leaf, text, top));
  }

  /**
   * The photos most like another, best first: by the direction of their queries' mean.
   *
   * @param whole unit vector
   * @param best how many at most
   */
  public List<SearchHit> like(float[] whole, int best, Way way) {
    checkSize(whole, identity.size());
    return search(best, PhotoIndex.WHOLE, way, (leaf, top) -> scanWhole(leaf, whole, top), (leaf, top) -> wholeByGraph(leaf, whole, top));
  }

  private static void checkSize(float[] vector, int size) {
    if (vector.length != size) {
      throw new IllegalArgumentException("Such vectors of this index have " + size + " numbers, not " + vector.length);
    }
  }

  /** One way through one segment of the index. */
  private interface Walk {
    void go(LeafReaderContext leaf, Top top) throws IOException;
  }

  private List<SearchHit> search(int best, String field, Way way, Walk all, Walk graph) {
    try {
      Top top = new Top(best);
      for (LeafReaderContext leaf : reader.leaves()) {
        (way == Way.QUICK && hasGraph(leaf.reader(), field) ? graph : all).go(leaf, top);
      }
      List<SearchHit> hits = new ArrayList<>();
      StoredFields stored = reader.storedFields();
      for (Top.Entry entry : top.bestFirst()) {
        var document = stored.document(entry.document(), Set.of(PhotoIndex.FILE, PhotoIndex.SHA256));
        hits.add(
            new SearchHit(
                Path.of(document.get(PhotoIndex.FILE)), document.get(PhotoIndex.SHA256), entry.score(),
                identity.vectors() == 1 || field.equals(PhotoIndex.WHOLE) ? -1 : entry.query()));
      }
      return hits;
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
  }

  /** Vectors of a segment are kept flat (all are compared) or with a graph: as the index was expected to become when they were written. */
  private static boolean hasGraph(LeafReader leaf, String field) {
    FieldInfo info = leaf.getFieldInfos().fieldInfo(field);
    return info != null && !FlatVectors.NAME.equals(info.getAttribute(PerFieldKnnVectorsFormat.PER_FIELD_FORMAT_KEY));
  }

  private void scan(LeafReaderContext leaf, float[] text, Top top) throws IOException {
    FloatVectorValues values = leaf.reader().getFloatVectorValues(PhotoIndex.SEEN);
    Bits alive = leaf.reader().getLiveDocs();
    if (values == null) {
      return;
    }
    int document = values.nextDoc();
    while (document != DocIdSetIterator.NO_MORE_DOCS) {
      int photo = document + identity.vectors();
      if (alive == null || alive.get(photo)) {
        offer(values, text, leaf.docBase + photo, top);
        document = values.nextDoc();
      } else {
        document = values.advance(photo);
      }
    }
  }

  /** Compares the vectors of a photo, of which the first is the present one, and stops at the last. */
  private void offer(FloatVectorValues values, float[] text, int photo, Top top) throws IOException {
    float best = Float.NEGATIVE_INFINITY;
    int query = 0;
    for (int q = 0; q < identity.vectors(); q++) {
      float score = VectorUtil.dotProduct(text, values.vectorValue());
      if (score > best) {
        best = score;
        query = q;
      }
      if (q < identity.vectors() - 1) {
        values.nextDoc();
      }
    }
    top.offer(photo, best, query);
  }

  private void byGraph(LeafReaderContext leaf, float[] text, Top top) throws IOException {
    int fetched = fetched(leaf, top);
    Query query = new DiversifyingChildrenFloatKnnVectorQuery(PhotoIndex.SEEN, text, null, fetched, photos);
    BitSet wholes = photos.getBitSet(leaf);
    int[] found = documents(leaf, query, fetched);
    for (int i = 0; i < found.length; i++) {
      found[i] = wholes.nextSetBit(found[i]);
    }
    Arrays.sort(found);
    FloatVectorValues values = leaf.reader().getFloatVectorValues(PhotoIndex.SEEN);
    int last = -1;
    for (int photo : found) {
      if (photo != last) {
        values.advance(photo - identity.vectors());
        offer(values, text, leaf.docBase + photo, top);
      }
      last = photo;
    }
  }

  private void scanWhole(LeafReaderContext leaf, float[] whole, Top top) throws IOException {
    FloatVectorValues values = leaf.reader().getFloatVectorValues(PhotoIndex.WHOLE);
    Bits alive = leaf.reader().getLiveDocs();
    for (int photo = values == null ? DocIdSetIterator.NO_MORE_DOCS : values.nextDoc();
        photo != DocIdSetIterator.NO_MORE_DOCS;
        photo = values.nextDoc()) {
      if (alive == null || alive.get(photo)) {
        top.offer(leaf.docBase + photo, VectorUtil.dotProduct(whole, values.vectorValue()), -1);
      }
    }
  }

  private void wholeByGraph(LeafReaderContext leaf, float[] whole, Top top) throws IOException {
    int fetched = fetched(leaf, top);
    int[] found = documents(leaf, new KnnFloatVectorQuery(PhotoIndex.WHOLE, whole, fetched), fetched);
    Arrays.sort(found);
    FloatVectorValues values = leaf.reader().getFloatVectorValues(PhotoIndex.WHOLE);
    for (int photo : found) {
      values.advance(photo);
      top.offer(leaf.docBase + photo, VectorUtil.dotProduct(whole, values.vectorValue()), -1);
    }
  }

  /** No more than there are: Lucene keeps room for all that are asked for. */
  private static int fetched(LeafReaderContext leaf, Top top) {
    return (int) Math.min(Math.max(LEAST, (long) OVERFETCH * top.best()), leaf.reader().maxDoc());
  }

  private static int[] documents(LeafReaderContext leaf, Query query, int most) throws IOException {
    ScoreDoc[] found = new IndexSearcher(leaf.reader()).search(query, most).scoreDocs;
    return Arrays.stream(found).mapToInt(d -> d.doc).toArray();
  }

  /** Every photo that a reader sees. */
  static void photos(IndexReader reader, Consumer<IndexedPhoto> each) throws IOException {
    for (LeafReaderContext leaf : reader.leaves()) {
      NumericDocValues size = leaf.reader().getNumericDocValues(PhotoIndex.SIZE);
      NumericDocValues modified = leaf.reader().getNumericDocValues(PhotoIndex.MODIFIED);
      StoredFields stored = leaf.reader().storedFields();
      Bits alive = leaf.reader().getLiveDocs();
      for (int photo = size == null ? DocIdSetIterator.NO_MORE_DOCS : size.nextDoc();
          photo != DocIdSetIterator.NO_MORE_DOCS;
          photo = size.nextDoc()) {
        if (alive == null || alive.get(photo)) {
          modified.advance(photo);
          var document = stored.document(photo);
          each.accept(
              new IndexedPhoto(
                  Path.of(document.get(PhotoIndex.FILE)), document.get(PhotoIndex.SHA256), size.longValue(), modified.longValue()));
        }
      }
    }
  }

  /** Vectors of photos spread evenly over the index, as if they were those of texts, for queries of {@link IndexCheck}; {@code [some][width]}. */
  public List<float[]> wholes(int some) {
    List<float[]> found = new ArrayList<>();
    int step = Math.max(1, photos() / Math.max(1, some));
    try {
      int number = 0;
      for (LeafReaderContext leaf : reader.leaves()) {
        FloatVectorValues values = leaf.reader().getFloatVectorValues(PhotoIndex.WHOLE);
        Bits alive = leaf.reader().getLiveDocs();
        while (values != null && found.size() < some && values.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
          if ((alive == null || alive.get(values.docID())) && number++ % step == 0) {
            float[] text = Arrays.copyOf(values.vectorValue(), identity.width());
            // As a text's, so that what is usual of each photo is taken off.
            Arrays.fill(text, identity.size(), Math.min(identity.size() + 1, text.length), 1);
            found.add(text);
          }
        }
      }
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
    return found;
  }

  @Override
  public void close() {
    try {
      reader.close();
      directory.close();
    } catch (IOException e) {
      throw PhotoIndex.broken(folder, e);
    }
  }
}
