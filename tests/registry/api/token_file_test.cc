#include "registry/adapters/token_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace dmp::registry {
namespace {

class TokenFileTest : public testing::Test {
 protected:
  // SHA-256 of "secret" and of "other".
  static constexpr const char* kSecret =
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
  static constexpr const char* kOther =
      "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";

  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }

  static std::string tokens(const std::string& sha256) {
    return R"({"tokens":[{"sha256":")" + sha256 +
           R"(","subject":"lab","role":"viewer","raes":["*"]}]})";
  }

  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("dmp-token-file-" + std::to_string(getpid()));
};

TEST_F(TokenFileTest, knows_who_a_token_belongs_to) {
  write(tokens(kSecret));
  const auto file = TokenFile::open(path_);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->find("secret"));
  EXPECT_EQ((*file)->find("secret")->subject, "lab");
  EXPECT_FALSE((*file)->find("other"));
  EXPECT_FALSE((*file)->find(kSecret));
}

TEST_F(TokenFileTest, takes_up_a_changed_file) {
  write(tokens(kSecret));
  const auto file = TokenFile::open(path_);
  ASSERT_TRUE(file);
  write(R"({"tokens":[ ]})");
  EXPECT_TRUE((*file)->find("secret")) << "nothing changes before refresh";
  (*file)->refresh();
  EXPECT_FALSE((*file)->find("secret"));
  // A file moved into its place.
  const std::filesystem::path fresh = path_.string() + ".new";
  std::ofstream(fresh) << tokens(kOther);
  std::filesystem::rename(fresh, path_);
  (*file)->refresh();
  EXPECT_TRUE((*file)->find("other"));
}

TEST_F(TokenFileTest, keeps_what_it_knew_while_the_file_is_bad_or_away) {
  write(tokens(kSecret));
  const auto file = TokenFile::open(path_);
  ASSERT_TRUE(file);
  write(R"({"tokens":[{"sha256")");
  (*file)->refresh();
  EXPECT_TRUE((*file)->find("secret"));
  std::filesystem::remove(path_);
  (*file)->refresh();
  EXPECT_TRUE((*file)->find("secret"));
  write(tokens(kOther));
  (*file)->refresh();
  EXPECT_FALSE((*file)->find("secret"));
  EXPECT_TRUE((*file)->find("other"));
}

TEST_F(TokenFileTest, does_not_open_without_a_good_file) {
  const auto missing = TokenFile::open(path_);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(path_.string()), std::string::npos);
  write("tokens: all");
  const auto bad = TokenFile::open(path_);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find(path_.string()), std::string::npos);
}

}  // namespace
}  // namespace dmp::registry
