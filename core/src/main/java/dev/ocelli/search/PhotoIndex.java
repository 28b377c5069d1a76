package dev.ocelli.search;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene912.Lucene912Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.LockObtainFailedException;

/**
 * An index of photos, open for change. What was committed survives whatever happens to the process; what was not is gone, and is made again
 * by the next call.
 *
 * <p>A photo is a block of Lucene documents: one for each vector that texts are compared with, and behind them one for the photo.
 *
 * <pre>
 *   file=/photos/dog.jpg  seen=[v of query 0]      ┐
 *   …                                              │ so many as the identity says
 *   file=/photos/dog.jpg  seen=[v of query 31]     ┘
 *   file=/photos/dog.jpg  kind=photo  photo=/photos/dog.jpg  whole=[…]  sha256, size, modified
 * </pre>
 *
 * Every document has the file, so that one term takes out a whole block.
 */
public final class PhotoIndex implements AutoCloseable {
  /** Up to so many vectors a search compares them all, and no graph is built. */
  public static final int EXACT = 200_000;

  /** The most numbers of a vector: Lucene's limit for graphs. */
  static final int LONGEST = 1024;

  static final String FILE = "file";
  static final String KIND = "kind";
  static final String PHOTO = "photo";
  static final String SEEN = "seen";
  static final String WHOLE = "whole";
  static final String SHA256 = "sha256";
  static final String SIZE = "size";
  static final String MODIFIED = "modified";

  /** Lucene would say of each Java below 21 that it is too old for vector instructions, which our own decoding asks for. Held, or it is forgotten. */
  private static final Logger VECTORS = Logger.getLogger("org.apache.lucene.internal.vectorization.VectorizationProvider");

  static {
    VECTORS.setLevel(Level.SEVERE);
  }

  private final Path folder;
  private final IndexIdentity identity;
  private final Directory directory;
  private final IndexWriter writer;
  private boolean graph;

  private PhotoIndex(Path folder, IndexIdentity identity, Directory directory, IndexWriter writer) {
    this.folder = folder;
    this.identity = identity;
    this.directory = directory;
    this.writer = writer;
  }

  /** Opens an index, or begins one. Another process that writes it at the same time is refused. */
  public static PhotoIndex open(Path folder, IndexIdentity identity) {
    check(folder);
    try {
      Directory directory = FSDirectory.open(vectors(folder));
      if (DirectoryReader.indexExists(directory)) {
        try (DirectoryReader reader = DirectoryReader.open(directory)) {
          IndexIdentity.of(reader.getIndexCommit().getUserData(), folder).check(identity, folder);
        }
      }
      PhotoIndex[] opened = new PhotoIndex[1];
      IndexWriterConfig config = new IndexWriterConfig();
      config.setRAMBufferSizeMB(128);
      config.setCommitOnClose(false);
      config.setMergeScheduler(
          new ConcurrentMergeScheduler() {
            @Override
            protected void handleMergeException(Throwable e) {
              // The writer is closed by now and keeps the reason, which the next change tells. Thrown, it would be a stack trace of this thread.
            }
          });
      config.setCodec(
          new Lucene912Codec() {
            private final KnnVectorsFormat graph = new Lucene99HnswVectorsFormat();
            private final KnnVectorsFormat flat = new FlatVectors();

            @Override
            public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
              return opened[0].graph ? graph : flat;
            }
          });
      opened[0] = new PhotoIndex(folder, identity, directory, new IndexWriter(directory, config));
      opened[0].commit();
      return opened[0];
    } catch (LockObtainFailedException e) {
      throw busy(folder, e);
    } catch (IOException e) {
      throw broken(folder, e);
    }
  }

  /** Opens an index that is there, whatever weights it was made with. */
  public static PhotoIndex reopen(Path folder) {
    IndexIdentity identity;
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      identity = search.identity();
    }
    return open(folder, identity);
  }

  /** Refuses a folder that holds something else than an index. */
  public static void check(Path folder) {
    try {
      if (Files.isDirectory(vectors(folder)) ? !index(vectors(folder)) : notEmpty(folder)) {
        throw UserError.of("%s holds something else than an index of photos. Choose another --out.", folder);
      }
    } catch (IOException e) {
      throw broken(folder, e);
    }
  }

  /** Of Lucene, or the beginning of one: what it writes before the first commit. */
  private static boolean index(Path vectors) throws IOException {
    try (Directory directory = FSDirectory.open(vectors)) {
      return DirectoryReader.indexExists(directory) || Stream.of(directory.listAll()).allMatch(file -> file.equals(IndexWriter.WRITE_LOCK_NAME) || file.startsWith("pending_"));
    }
  }

  /** Removes an index, but what else may lie in its folder. One that another process writes at the same time is refused. */
  public static void clear(Path folder) {
    try (Directory directory = FSDirectory.open(vectors(folder));
        Lock lock = directory.obtainLock(IndexWriter.WRITE_LOCK_NAME)) {
      for (String file : directory.listAll()) {
        if (!file.equals(IndexWriter.WRITE_LOCK_NAME)) {
          directory.deleteFile(file);
        }
      }
    } catch (LockObtainFailedException e) {
      throw busy(folder, e);
    } catch (IOException e) {
      throw broken(folder, e);
    }
  }

  private static UserError busy(Path folder, IOException e) {
    return new UserError(folder + " is being changed by another ocelli index. Wait for it, or choose another --out.", e);
  }

  /** Where Lucene's files lie. */
  static Path vectors(Path folder) {
    return folder.resolve("vectors");
  }

  private static boolean notEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Files.exists(folder);
    }
    try (var files = Files.list(folder)) {
      return files.findAny().isPresent();
    }
  }

  static UserError broken(Path folder, IOException e) {
    return new UserError(
        "The index " + folder + " can't be used: " + AtomicFile.reason(e) + ". If its disk is well, make it again: ocelli index --overwrite.", e);
  }

  /**
   * Says how large the index is going to be, so that vectors are written for the way they will be searched.
   *
   * @param photos in all, with those that are there already
   */
  public void expect(long photos) {
    graph = photos * identity.vectors() > EXACT;
  }

  /** As {@link #expect}, with the answer given. */
  void buildGraph(boolean wanted) {
    graph = wanted;
  }

  /** The photos that there are, by their files. */
  public Map<Path, IndexedPhoto> photos() {
    try (DirectoryReader reader = DirectoryReader.open(writer)) {
      Map<Path, IndexedPhoto> found = new LinkedHashMap<>();
      PhotoSearch.photos(reader, photo -> found.put(photo.file(), photo));
      return found;
    } catch (AlreadyClosedException e) {
      throw unwritable(e);
    } catch (IOException e) {
      throw broken(folder, e);
    }
  }

  /** Adds a photo, or takes the place of what its file held before. */
  public void put(IndexedPhoto photo, PhotoVectors vectors) {
    if (vectors.text().length != identity.vectors() || vectors.whole().length != identity.size() || vectors.text()[0].length != identity.width()) {
      throw new IllegalArgumentException(
          "A photo of this index has " + identity.vectors() + " vectors of " + identity.width() + " for texts, one of " + identity.size() + " for photos");
    }
    List<Document> block = new ArrayList<>();
    String file = photo.file().toString();
    for (float[] vector : vectors.text()) {
      Document seen = new Document();
      seen.add(new StringField(FILE, file, Field.Store.NO));
      seen.add(new KnnFloatVectorField(SEEN, vector, VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT));
      block.add(seen);
    }
    Document whole = new Document();
    whole.add(new StringField(FILE, file, Field.Store.YES));
    whole.add(new StringField(PHOTO, file, Field.Store.NO));
    whole.add(new StringField(KIND, PHOTO, Field.Store.NO));
    whole.add(new StoredField(SHA256, photo.sha256()));
    whole.add(new NumericDocValuesField(SIZE, photo.size()));
    whole.add(new NumericDocValuesField(MODIFIED, photo.modified()));
    whole.add(new KnnFloatVectorField(WHOLE, vectors.whole(), VectorSimilarityFunction.DOT_PRODUCT));
    block.add(whole);
    change(() -> writer.updateDocuments(new Term(FILE, file), block));
  }

  /** Notes that a file was touched while its bytes stayed the same. */
  public void touch(IndexedPhoto photo) {
    change(() -> writer.updateNumericDocValue(new Term(PHOTO, photo.file().toString()), MODIFIED, photo.modified()));
  }

  public void remove(Path file) {
    change(() -> writer.deleteDocuments(new Term(FILE, file.toString())));
  }

  /** Makes all changes so far last. */
  public void commit() {
    change(
        () -> {
          writer.setLiveCommitData(identity.toMap().entrySet());
          writer.commit();
        });
  }

  /** Waits until segments that Lucene is merging are merged: the fewer there are, the quicker is a search. */
  public void settle() {
    change(
        () -> {
          if (writer.getConfig().getMergeScheduler() instanceof ConcurrentMergeScheduler merges) {
            writer.flush();
            writer.maybeMerge();
            merges.sync();
          }
        });
  }

  private interface Change {
    void make() throws IOException;
  }

  private void change(Change change) {
    try {
      change.make();
    } catch (IOException | AlreadyClosedException e) {
      throw unwritable(e);
    }
  }

  /** After a full disk Lucene closes its writer, and says why only when asked. */
  private UserError unwritable(Exception e) {
    Throwable tragic = writer.getTragicException() == null ? e : writer.getTragicException();
    IOException why = tragic instanceof IOException io ? io : new IOException(tragic.toString(), tragic);
    return new UserError(
        "The index " + folder + " can't be written: " + AtomicFile.reason(why) + ". What it held at the last commit is kept; when its disk has room"
            + " and is well, the same command goes on from there.",
        e);
  }

  /** Ends without a commit. */
  @Override
  public void close() {
    try {
      writer.close();
      directory.close();
    } catch (IOException e) {
      throw broken(folder, e);
    }
  }
}
