// SPDX-License-Identifier: Apache-2.0
// The YAML reader: positions, typed scalars, everything it must refuse, and a fuzz of damaged text.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "epx_yaml.h"

namespace {

struct Destroy {
  void operator()(epx_yaml_t *yaml) const { epx_yaml_destroy(yaml); }
};
using Tree = std::unique_ptr<epx_yaml_t, Destroy>;

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string &content) {
    path_ = std::filesystem::temp_directory_path() / ("epx_yaml_" + std::to_string(getpid()));
    FILE *file = std::fopen(path_.c_str(), "wb");
    std::fwrite(content.data(), 1, content.size(), file);
    std::fclose(file);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

epx_status_t Read(const std::string &content, Tree *tree, std::string *message) {
  TemporaryFile file(content);
  epx_yaml_t *yaml = nullptr;
  epx_error_t error = {{0}};
  const epx_status_t status = epx_yaml_read(file.path().c_str(), &yaml, &error);
  tree->reset(yaml);
  *message = error.message;
  const size_t at = message->find(file.path());
  if (at != std::string::npos) {
    message->replace(at, file.path().size(), "FILE");
  }
  return status;
}

std::string Refusal(const std::string &content) {
  Tree tree;
  std::string message;
  EXPECT_EQ(Read(content, &tree, &message), EPX_ERR_CONFIG) << content.substr(0, 80);
  EXPECT_EQ(tree, nullptr);
  return message;
}

TEST(Yaml, KeepsShapeTextAndPositions) {
  Tree tree;
  std::string message;
  ASSERT_EQ(Read("# comment\na: 1\nb:\n  - x\n  - {c: 'two', d: []}\n", &tree, &message), EPX_OK)
      << message;
  const epx_yaml_node_t *root = epx_yaml_root(tree.get());
  ASSERT_EQ(root->kind, EPX_YAML_MAPPING);
  EXPECT_EQ(root->count, 2);
  EXPECT_EQ(root->key, nullptr);
  const epx_yaml_node_t *a = epx_yaml_find(root, "a");
  ASSERT_NE(a, nullptr);
  EXPECT_STREQ(a->text, "1");
  EXPECT_EQ(a->line, 2);
  EXPECT_EQ(a->column, 4);
  EXPECT_EQ(a->key_column, 1);
  const epx_yaml_node_t *b = epx_yaml_find(root, "b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->kind, EPX_YAML_LIST);
  ASSERT_EQ(b->count, 2);
  EXPECT_STREQ(b->first->text, "x");
  EXPECT_EQ(b->first->line, 4);
  const epx_yaml_node_t *c = epx_yaml_find(b->first->next, "c");
  ASSERT_NE(c, nullptr);
  EXPECT_TRUE(c->quoted);
  EXPECT_STREQ(c->text, "two");
  EXPECT_EQ(c->line, 5);
  EXPECT_EQ(c->column, 9);
  EXPECT_EQ(epx_yaml_find(b->first->next, "d")->count, 0);
  EXPECT_EQ(b->first->next->next, nullptr);
  EXPECT_EQ(epx_yaml_find(root, "z"), nullptr);
  EXPECT_EQ(epx_yaml_find(a, "z"), nullptr);
}

epx_yaml_node_t Scalar(const char *text, bool quoted = false) {
  epx_yaml_node_t node = {};
  node.kind = EPX_YAML_SCALAR;
  node.text = const_cast<char *>(text);
  node.quoted = quoted;
  return node;
}

TEST(Yaml, ReadsIntegers) {
  const struct {
    const char *text;
    int64_t value;
  } good[] = {{"0", 0},       {"-7", -7},
              {"+7", 7},      {"010", 10},
              {"0xff", 255},  {"9223372036854775807", INT64_MAX},
              {"-0x10", -16}, {"-9223372036854775808", INT64_MIN}};
  for (const auto &c : good) {
    const epx_yaml_node_t node = Scalar(c.text);
    int64_t value = 99;
    EXPECT_TRUE(epx_yaml_integer(&node, &value)) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
  for (const char *text : {"", "-", "1.0", "1e3", "0x", "x1", "1 ", "--1", "1_000", "0xfg", "+",
                           "9223372036854775808", "-9223372036854775809", "true"}) {
    const epx_yaml_node_t node = Scalar(text);
    int64_t value = 99;
    EXPECT_FALSE(epx_yaml_integer(&node, &value)) << text;
    EXPECT_EQ(value, 99);
  }
  const epx_yaml_node_t quoted = Scalar("1", true);
  int64_t value;
  EXPECT_FALSE(epx_yaml_integer(&quoted, &value));
}

TEST(Yaml, ReadsReals) {
  const struct {
    const char *text;
    double value;
  } good[] = {{"0", 0.0},   {"-.5", -0.5},    {"1.", 1.0},     {"3.0e-4", 3e-4}, {"1E+2", 100.},
              {"0.1", 0.1}, {"1e308", 1e308}, {"1e-400", 0.0}, {"+2", 2.0},      {"12.5e0", 12.5}};
  for (const auto &c : good) {
    const epx_yaml_node_t node = Scalar(c.text);
    double value = 99;
    EXPECT_TRUE(epx_yaml_real(&node, &value)) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
  for (const char *text : {"", ".", "-", "e5", "1e", "1e+", ".nan", "nan", "inf", ".inf", "-.inf",
                           "1e309", "-1e999", "0x1p3", "1,5", "1 2", "infinity", "1e5.0", "1..2"}) {
    const epx_yaml_node_t node = Scalar(text);
    double value = 99;
    EXPECT_FALSE(epx_yaml_real(&node, &value)) << text;
    EXPECT_EQ(value, 99);
  }
}

TEST(Yaml, ReadsBooleansAndNull) {
  bool value = false;
  const epx_yaml_node_t yes = Scalar("true"), no = Scalar("false"), word = Scalar("yes"),
                        quoted = Scalar("true", true), empty = Scalar(""), tilde = Scalar("~"),
                        text = Scalar("", true);
  EXPECT_TRUE(epx_yaml_boolean(&yes, &value));
  EXPECT_TRUE(value);
  EXPECT_TRUE(epx_yaml_boolean(&no, &value));
  EXPECT_FALSE(value);
  EXPECT_FALSE(epx_yaml_boolean(&word, &value));
  EXPECT_FALSE(epx_yaml_boolean(&quoted, &value));
  EXPECT_TRUE(epx_yaml_is_null(&empty));
  EXPECT_TRUE(epx_yaml_is_null(&tilde));
  EXPECT_FALSE(epx_yaml_is_null(&text));
}

TEST(Yaml, RefusesWithThePlaceAndTheReason) {
  const struct {
    std::string text;
    const char *message;
  } cases[] = {
      {"a: 1\nb: 2\na: 3\n", "FILE:3:1: the key a is given twice; the first is on line 1"},
      {"a: &x 1\n", "FILE:1:4: found the anchor &x"},
      {"a: *x\n", "FILE:1:4: found the alias *x"},
      {"a: [1, *x]\n", "FILE:1:8: found the alias *x"},
      {"? &k a\n: 1\n", "anchor &k"},
      {"a: !!int 3\n", "FILE:1:4: found the tag tag:yaml.org,2002:int"},
      {"a: !mine {b: 1}\n", "found the tag !mine"},
      {"a: 1\n---\nb: 2\n", "FILE:2:1: found a second document"},
      {"? [1, 2]\n: 3\n", "FILE:1:3: found a list or a mapping as a key"},
      {"", "found nothing; expected YAML text"},
      {"# only a comment\n", "found nothing; expected YAML text"},
      {"a: [1, 2\n", "not YAML"},
      {"a: {b: 1\n", "not YAML"},
      {"a: 'x\n", "not YAML"},
      {"\ta: 1\n", "FILE:1:1: not YAML"},
      {"a: 1\n  b: 2\n", "not YAML"},
      {"a: \"x\\0y\"\n", "FILE:1:4: found a NUL character"},
      {std::string("a: 1\0b\n", 7), "not YAML text"},
      {"a: \xff\xfe\n", "not YAML text"},
      {"a: \xc3\n", "not YAML text"},
      {"a: \xed\xa0\x80\n", "not YAML text"},
      {"a: \x01\n", "not YAML text"},
  };
  for (const auto &c : cases) {
    const std::string message = Refusal(c.text);
    EXPECT_NE(message.find(c.message), std::string::npos) << c.text << " gave: " << message;
    EXPECT_EQ(message.rfind("FILE:", 0), 0u) << message;
  }
}

TEST(Yaml, LimitsDepthLengthAndSize) {
  std::string deepest(EPX_YAML_MAX_DEPTH, '['), text;
  Tree tree;
  std::string message;
  EXPECT_EQ(Read(deepest + "1" + std::string(EPX_YAML_MAX_DEPTH, ']'), &tree, &message), EPX_OK)
      << message;
  EXPECT_NE(Refusal("[" + deepest + "1]" + std::string(EPX_YAML_MAX_DEPTH, ']')).find("deeper"),
            std::string::npos);
  EXPECT_NE(Refusal(std::string(100000, '[')).find("deeper"), std::string::npos);
  text = "[0";
  for (int i = 1; i < EPX_YAML_MAX_ITEMS; ++i) {
    text += ",0";
  }
  EXPECT_EQ(Read(text + "]", &tree, &message), EPX_OK) << message;
  EXPECT_EQ(epx_yaml_root(tree.get())->count, EPX_YAML_MAX_ITEMS);
  EXPECT_NE(Refusal(text + ",0]").find("more than 4096 items"), std::string::npos);
  EXPECT_NE(Refusal("a: " + std::string(EPX_YAML_MAX_BYTES, 'x')).find("longer than"),
            std::string::npos);
}

TEST(Yaml, MissingFileAndFolder) {
  epx_yaml_t *yaml = nullptr;
  epx_error_t error = {{0}};
  EXPECT_EQ(epx_yaml_read("/nonexistent/file.yaml", &yaml, &error), EPX_ERR_NOT_FOUND);
  EXPECT_NE(std::string(error.message).find("/nonexistent/file.yaml"), std::string::npos);
  EXPECT_EQ(epx_yaml_read("/tmp", &yaml, &error), EPX_ERR_CONFIG);
  EXPECT_STREQ(error.message, "/tmp: is a folder; expected a YAML file");
  EXPECT_EQ(epx_yaml_read("/tmp", &yaml, nullptr), EPX_ERR_CONFIG);
  EXPECT_EQ(yaml, nullptr);
  epx_yaml_destroy(nullptr);
}

TEST(Yaml, TextHasALabelInsteadOfLines) {
  epx_yaml_t *yaml = nullptr;
  epx_error_t error = {{0}};
  EXPECT_EQ(epx_yaml_parse("--set", "[1", 2, &yaml, &error), EPX_ERR_CONFIG);
  EXPECT_EQ(std::string(error.message).rfind("--set not YAML: ", 0), 0u) << error.message;
  ASSERT_EQ(epx_yaml_parse("--set", "{a: 1}", 6, &yaml, &error), EPX_OK);
  Tree tree(yaml);
  EXPECT_EQ(epx_yaml_fail(yaml, epx_yaml_root(yaml), &error, "x: %d\x1b", 5), EPX_ERR_CONFIG);
  EXPECT_STREQ(error.message, "--set x: 5?");
}

TEST(Yaml, SaysWhatWasFound) {
  char found[EPX_YAML_FOUND_SIZE];
  const epx_yaml_node_t plain = Scalar("abc"), quoted = Scalar("abc", true), null = Scalar("");
  EXPECT_STREQ(epx_yaml_found(&plain, found), "abc");
  EXPECT_STREQ(epx_yaml_found(&quoted, found), "\"abc\"");
  EXPECT_STREQ(epx_yaml_found(&null, found), "nothing");
  const std::string umlauts = "x" + [] {
    std::string text;
    for (int i = 0; i < 100; ++i) {
      text += "\xc3\xa4";
    }
    return text;
  }();
  const epx_yaml_node_t lengthy = Scalar(umlauts.c_str());
  EXPECT_EQ(std::string(epx_yaml_found(&lengthy, found)), umlauts.substr(0, 59) + "...");
}

TEST(Yaml, SuggestsTheNearestName) {
  const char *names[] = {"epochs", "batch", "learning_rate", "momentum"};
  EXPECT_STREQ(epx_yaml_nearest("epoch", names, 4), "epochs");
  EXPECT_STREQ(epx_yaml_nearest("bacth", names, 4), "batch");
  EXPECT_STREQ(epx_yaml_nearest("learningrate", names, 4), "learning_rate");
  EXPECT_EQ(epx_yaml_nearest("xyz", names, 4), nullptr);
  EXPECT_EQ(epx_yaml_nearest("", names, 4), nullptr);
  EXPECT_EQ(epx_yaml_nearest(std::string(5000, 'e').c_str(), names, 4), nullptr);
}

TEST(Yaml, SurvivesDamagedText) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const std::string sound =
      "a: {b: [1, 2.5, 'x'], c: \"y\\n\"}\n# note\nd:\n  - e: |\n      text\n    f: ~\n  - >-\n"
      "    folded\ng: h 3\n";
  const std::string salt = "{}[]:,-?&*!|>'\"%@`#\n\t \\\x80\xc3\xef~0\x01";
  for (int round = 0; round < 20000; ++round) {
    std::string text = sound;
    for (unsigned edits = 1 + random() % 6; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = salt[random() % salt.size()];
          break;
        case 1:
          text.insert(at, 1, salt[random() % salt.size()]);
          break;
        default:
          text.erase(at, 1 + random() % 8);
          break;
      }
      text += text.empty() ? " " : "";
    }
    epx_yaml_t *yaml = nullptr;
    epx_error_t error = {{0}};
    const epx_status_t status = epx_yaml_parse("text", text.data(), text.size(), &yaml, &error);
    Tree tree(yaml);
    ASSERT_TRUE(status == EPX_OK || status == EPX_ERR_CONFIG) << "seed " << seed << "\n" << text;
    ASSERT_EQ(status == EPX_OK, yaml != nullptr) << "seed " << seed << "\n" << text;
    ASSERT_EQ(status == EPX_OK, error.message[0] == '\0') << "seed " << seed << "\n" << text;
  }
}

// Editors begin files with a byte-order mark; joined files have one inside.
TEST(Yaml, ByteOrderMarksAreSkippedAtTheStartAndNamedElsewhere) {
  const std::string mark = "\xef\xbb\xbf";
  Tree tree;
  std::string message;
  for (const std::string &start : {mark, mark + mark, mark + "\r\n", mark + "# comment\n"}) {
    ASSERT_EQ(Read(start + "first: 1\nsecond: 2\n", &tree, &message), EPX_OK) << message;
    EXPECT_STREQ(epx_yaml_root(tree.get())->first->key, "first");
    EXPECT_EQ(epx_yaml_root(tree.get())->count, 2);
  }
  struct Inside {
    std::string text;
    const char *place;
  };
  for (const Inside &inside :
       {Inside{"a: 1\n" + mark + "b: 2\n", ":2:1:"}, Inside{"a: {" + mark + "b: 2}\n", ":1:5:"},
        Inside{"a: " + mark + "1\n", ":1:4:"}, Inside{"\xc3\xa9: \"x" + mark + "\"\n", ":1:6:"},
        Inside{"a: 1\nb" + mark + ": 2\n", ":2:2:"}}) {
    EXPECT_EQ(Read(inside.text, &tree, &message), EPX_ERR_CONFIG) << inside.text;
    EXPECT_NE(message.find(inside.place), std::string::npos) << message;
    EXPECT_NE(message.find("byte-order mark"), std::string::npos) << message;
  }
}

}  // namespace
