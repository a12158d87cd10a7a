#include "tests/local-registry/lan_stage.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace dmp::local {
namespace {

void run(const std::string& command) {
  if (std::system(command.c_str()) == 0) return;
  std::fprintf(stderr, "failed: %s\n", command.c_str());
  std::abort();
}

bool write_file(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// A process that does nothing but hold a network namespace; it dies with us.
pid_t hold_namespace() {
  int ready[2];
  DMP_CHECK(pipe(ready) == 0);
  const pid_t pid = fork();
  DMP_CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  DMP_CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
  close(ready[1]);
  return pid;
}

}  // namespace

bool LanStage::enter() {
  const unsigned uid = getuid();
  const unsigned gid = getgid();
  if (uid == 0) return unshare(CLONE_NEWNET) == 0;
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  return write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
         write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
}

LanStage::LanStage() {
  rae("ip link add br-lan address 02:da:b0:00:00:01 type bridge && ip link set br-lan up && "
      "ip addr add 10.77.0.1/24 dev br-lan && ip link set lo up");
  for (const char* setting : {"base_reachable_time_ms 1000", "delay_first_probe_time 1",
                              "retrans_time_ms 200", "ucast_solicit 2"}) {
    const std::string text = setting;
    const std::size_t space = text.find(' ');
    DMP_CHECK(write_file(("/proc/sys/net/ipv4/neigh/br-lan/" + text.substr(0, space)).c_str(),
                         text.substr(space + 1)));
  }
  for (int number : {1, 2}) {
    devices_[number - 1] = hold_namespace();
    const std::string name = "dut" + std::to_string(number);
    rae("ip link add " + name + " type veth peer name eth0 address " + mac(number) + " netns " +
        std::to_string(devices_[number - 1]) + " && ip link set " + name + " master br-lan up");
    device(number, "ip addr add " + address(number) + "/24 dev eth0");
    device(number, "ip link set eth0 up");
  }
}

LanStage::~LanStage() {
  for (const pid_t pid : devices_) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  rae("ip link del br-lan");
  // Deleted with their peers' namespace, which the kernel does in its own time.
  rae("ip link del dut1 2>/dev/null; ip link del dut2 2>/dev/null; true");
}

void LanStage::rae(const std::string& command) const { run(command); }

void LanStage::device(int number, const std::string& command) const {
  run("nsenter --preserve-credentials -n -t " + std::to_string(devices_[number - 1]) + " " +
      command);
}

}  // namespace dmp::local
