package dev.ocelli.search;

import java.nio.file.Path;

/**
 * A photo's file as it was when it was indexed.
 *
 * @param size in bytes
 * @param modified in milliseconds since 1970
 */
public record IndexedPhoto(Path file, String sha256, long size, long modified) {}
