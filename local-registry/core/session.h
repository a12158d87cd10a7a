// Session: one stay of a device at this RAE: its facets, its links, and what it said so far.
//
// Each function turns one kind of news into facets. A value once known is replaced by another,
// never by silence. Owned by the DeviceRegistry. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "local-registry/core/facet_sheet.h"
#include "local-registry/core/links.h"
#include "local-registry/core/probe_plan.h"
#include "local-registry/core/profile.h"
#include "local-registry/core/session_record.h"
#include "schema/messages.h"

namespace dmp::local {

class Session {
 public:
  static constexpr std::size_t kAdvertsMax = 16;

  // Just detected. `target`: the address to probe if the LAN cannot show it, else empty.
  Session(SessionId id, const std::string& target, const ProbeLimits& limits, Now now);
  // As it was stored; its links are unproven.
  Session(const SessionRecord& record, const ProbeLimits& limits, Now now);

  [[nodiscard]] const SessionId& id() const { return id_; }
  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] const Facets& facets() const { return sheet_.facets(); }
  [[nodiscard]] const Identity& identity() const { return sheet_.fields(&Facets::identity); }
  [[nodiscard]] PresenceStatus presence() const;
  [[nodiscard]] SessionRecord record() const;
  [[nodiscard]] Clues clues() const;
  // Onboarded: it was asked and answered at least once.
  [[nodiscard]] bool is_active() const;
  [[nodiscard]] bool was_answered_by(const std::string& profile) const;

  // True if it says something new.
  bool hear(const Advert& advert, bool leaving);
  void call(const std::string& hostname) { hostname_ = hostname; }
  // `rank`: the place of `profile` in the order of trust, 0 the most trusted.
  void learn(const std::string& profile, int rank, const Observation& seen, Now now);
  // Takes over what another session of the same device knows.
  void absorb(Session& other, Now now);

  // Facets from what is known; `source` is who brought the news.
  void show_network(const std::string& source, Now now);
  void show_presence(const std::string& source, Now now);
  void show_identity(const std::string& source, Now now);
  void show_health(Now now);
  void show_onboarding(OnboardingState state, const std::string& step, const std::string& error,
                       WallTime next_try_at, Now now);
  void name_device(const DeviceId& id, bool final, Now now);

  // The presence stored before the agent started stands until `verify_by`, then it is unknown.
  [[nodiscard]] SteadyTime verify_by() const { return verify_by_; }
  void wait_for_proof(Now now);
  void stop_waiting(Now now);

  // Hours of absence are counted while the agent runs, so no clock jump can expire a device.
  [[nodiscard]] SteadyTime absence_due() const;
  int count_absence(Now now);

  Links links;
  ProbePlan plan;

  [[nodiscard]] bool is_changed() const { return sheet_.is_changed(); }
  // What is to be said under `stamp`: the changed facets; all of them after say_again().
  DeviceUpdate stamp_changes(Timestamp stamp);
  void say_again(Now now);

 private:
  void add_target();
  void restore_links(const Network& network);

  struct Learnt {
    std::string profile;
    Observation seen;
  };

  [[nodiscard]] std::string reported(const std::string& field) const;
  [[nodiscard]] std::vector<Interface> interfaces() const;
  void set_presence(PresenceStatus status, std::string_view reason, const std::string& source,
                    Now now);

  SessionId id_;
  std::string target_;
  std::string hostname_;
  FacetSheet sheet_;
  std::vector<Advert> adverts_;
  std::vector<std::string> profiles_;
  std::map<int, Learnt> learnt_;  // by rank
  SteadyTime verify_by_ = SteadyTime::max();
  bool says_again_ = false;
  int absent_hours_ = 0;
  SteadyTime absent_since_ = SteadyTime::max();
};

}  // namespace dmp::local
