package dev.ocelli.data.check;

import dev.ocelli.data.NearDuplicates;
import dev.ocelli.data.Part;
import dev.ocelli.data.check.DataCheck.Seen;
import dev.ocelli.data.check.DataReport.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Groups of pictures that are copies: of the same bytes, or looking alike. */
final class Copies {
  private static final int MOST_GROUPS = 100;

  private Copies() {}

  static DataReport.Duplicates among(List<Seen> pictures) {
    List<Group> exact = groups(pictures, exactRoots(pictures), true);
    // One picture of each set of bytes, so that a near group says something new.
    Set<String> met = new HashSet<>();
    List<Seen> different = pictures.stream().filter(seen -> met.add(seen.sha256())).toList();
    List<Group> near = groups(different, nearRoots(different), false);
    List<Group> first =
        Stream.concat(exact.stream(), near.stream())
            .sorted(Comparator.comparing(Group::crossing).reversed())
            .limit(MOST_GROUPS)
            .toList();
    return new DataReport.Duplicates(
        exact.size(), near.size(), (int) exact.stream().filter(Group::crossing).count(), (int) near.stream().filter(Group::crossing).count(), first);
  }

  private static int[] exactRoots(List<Seen> pictures) {
    int[] roots = new int[pictures.size()];
    Map<String, Integer> first = new HashMap<>();
    for (int i = 0; i < roots.length; i++) {
      Integer before = first.putIfAbsent(pictures.get(i).sha256(), i);
      roots[i] = before == null ? i : before;
    }
    return roots;
  }

  /** Of each picture, the first of its group: pictures that are near to one of it belong to it. */
  private static int[] nearRoots(List<Seen> pictures) {
    int[] roots = new int[pictures.size()];
    NearDuplicates index = new NearDuplicates();
    for (int i = 0; i < roots.length; i++) {
      roots[i] = i;
      for (int other : index.add(pictures.get(i).hash())) {
        int a = root(roots, other);
        int b = root(roots, i);
        roots[Math.max(a, b)] = Math.min(a, b);
      }
    }
    for (int i = 0; i < roots.length; i++) {
      roots[i] = root(roots, i);
    }
    return roots;
  }

  private static int root(int[] roots, int i) {
    int at = i;
    while (roots[at] != at) {
      at = roots[at];
    }
    return at;
  }

  private static List<Group> groups(List<Seen> pictures, int[] roots, boolean exact) {
    Map<Integer, List<Seen>> members = new LinkedHashMap<>();
    for (int i = 0; i < roots.length; i++) {
      members.computeIfAbsent(roots[i], root -> new ArrayList<>()).add(pictures.get(i));
    }
    return members.values().stream()
        .filter(group -> group.size() > 1)
        .map(group -> new Group(exact, crossing(group), group.stream().map(seen -> seen.photo().image()).toList()))
        .toList();
  }

  private static boolean crossing(List<Seen> group) {
    boolean held = group.stream().anyMatch(seen -> isHeldOut(seen.photo().part()));
    return held && !group.stream().allMatch(seen -> isHeldOut(seen.photo().part()));
  }

  private static boolean isHeldOut(Part part) {
    return part == Part.TEST || part == Part.UNSEEN;
  }
}
