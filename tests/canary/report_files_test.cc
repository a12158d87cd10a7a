#include "canary/adapters/report_files.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

class ReportFiles : public testing::Test {
 protected:
  ReportFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dmp-canary-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ReportFiles() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

TEST_F(ReportFiles, of_one_run_are_what_the_next_compares_with) {
  Report report;
  report.run = "r1";
  report.figures = {{"puback_p99_ms", 3.25}, {"lost", 0}};
  report.refused_by = {{"not UTF-8: \xff", 1}};
  ASSERT_TRUE(write_file(file("last.json"), json_of(report)));
  const auto figures = read_figures(file("last.json"));
  ASSERT_TRUE(figures) << figures.error().message;
  EXPECT_EQ(*figures, report.figures);
}

TEST_F(ReportFiles, of_a_run_that_was_cut_say_so_first_and_where) {
  Report report;
  report.figures = {{"connected", 7}};
  report.interrupted = true;
  report.phases = {{"publish", 900, 20, 5, true, 151, true}};
  const std::string json = json_of(report);
  EXPECT_NE(json.find("\"verdict\": \"interrupted in phase publish after 25.0 s\""),
            std::string::npos)
      << json;
  EXPECT_NE(json.find("\"limited_by\": null"), std::string::npos) << json;
  EXPECT_NE(json.find("\"begun\": 151,\n      \"cut\": true"), std::string::npos) << json;
}

TEST_F(ReportFiles, of_a_run_that_was_cut_are_nothing_to_compare_with) {
  Report report;
  report.interrupted = true;
  ASSERT_TRUE(write_file(file("cut.json"), json_of(report)));
  const auto figures = read_figures(file("cut.json"));
  ASSERT_FALSE(figures);
  EXPECT_NE(figures.error().message.find("interrupted"), std::string::npos);
}

TEST_F(ReportFiles, that_are_none_are_named) {
  std::ofstream(file("empty.json")) << "{}";
  for (const char* name : {"missing.json", "empty.json", "."}) {
    const auto figures = read_figures(file(name));
    ASSERT_FALSE(figures);
    EXPECT_NE(figures.error().message.find(name), std::string::npos) << figures.error().message;
  }
}

TEST_F(ReportFiles, appear_whole_or_not_at_all) {
  EXPECT_FALSE(write_file(file("no/such/folder.json"), "x"));
  EXPECT_FALSE(write_file(file("."), "x"));
  ASSERT_TRUE(write_file(file("a.json"), "first"));
  ASSERT_TRUE(write_file(file("a.json"), "second"));
  EXPECT_FALSE(std::filesystem::exists(file("a.json.new")));
}

TEST_F(ReportFiles, that_cannot_be_written_are_known_before) {
  for (const char* name : {"no/such/folder.json", "."}) {
    const auto status = check_writable(file(name));
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find(name), std::string::npos) << status.error().message;
  }
  EXPECT_TRUE(check_writable(file("a.json")));
  EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "nothing is left of asking";
}

}  // namespace
}  // namespace dmp::canary
