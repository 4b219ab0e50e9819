import { expect, test } from "bun:test";
import { Seats } from "./seats";

test("each person has so many; one that is looked at twice is in use until both have left", () => {
  const seats = new Seats(2);
  expect(seats.take("ada", "one")).toBe(true);
  expect(seats.take("ada", "one")).toBe(true);
  expect(seats.take("ada", "two")).toBe(false);
  expect(seats.take("bob", "two")).toBe(true);
  seats.leave("ada", "one");
  expect([...seats.namesOf("ada")]).toEqual(["one"]);
  expect(seats.take("ada", "two")).toBe(true);
  seats.leave("ada", "one");
  seats.leave("ada", "two");
  expect(seats.namesOf("ada").size).toBe(0);
});
